"""The alert rules, played by promtool: what fires, with which labels, and what does not."""

import json
import subprocess
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent.parent / "packaging/prometheus/pgrunbook.rules.yml"
LABELS = 'target="shop"'
TASK = 'target="shop",task="vacuum"'
SUCCESS = f"pgrunbook_serve_turn_last_success_timestamp_seconds{{{TASK}}}"
MISSED = f"pgrunbook_serve_turn_last_missed_timestamp_seconds{{{TASK}}}"
FAILURE = f"pgrunbook_serve_turn_last_failure_timestamp_seconds{{{TASK}}}"
BACKUPS = "pgrunbook_backup_backups{" + LABELS + ',state="%s"}'

# name, series (a minute a value), minute, how many alerts
STORIES = [
    # The daemon was down at the turn: the first scrape after its start has it already.
    ("PgrunbookTurnMissed", {MISSED: "_x30 1800x60"}, 31, 1),
    ("PgrunbookTurnMissed", {MISSED: "_x30 1800x60", SUCCESS: "600x90"}, 60, 1),
    ("PgrunbookTurnMissed", {MISSED: "1800x90", SUCCESS: "2400x90"}, 60, 0),
    ("PgrunbookTurnMissed", {MISSED: "1800x2000"}, 1900, 0),
    ("PgrunbookTurnMissed", {SUCCESS: "0x90"}, 60, 0),
    ("PgrunbookJobFailed", {FAILURE: "1800x90"}, 60, 1),
    ("PgrunbookJobFailed", {FAILURE: "1800x90", SUCCESS: "2400x90"}, 60, 0),
    # A person's run that was refused is no job's.
    ("PgrunbookJobFailed", {"pgrunbook_history_last_run_success"
                            '{target="shop",section="indexes",verb="drop"}': "0x90"}, 60, 0),
    ("PgrunbookBackupUnproven", {BACKUPS % "usable": "3x200", BACKUPS % "proven": "0x200"}, 120, 1),
    ("PgrunbookBackupUnproven", {BACKUPS % "usable": "3x200", BACKUPS % "proven": "1x200"}, 120, 0),
    ("PgrunbookBackupOld", {BACKUPS % "usable": "0x200"}, 120, 1),
    ("PgrunbookBackupOld", {BACKUPS % "usable": "1x200",
                            f"pgrunbook_backup_newest_age_seconds{{{LABELS}}}": "9x200"}, 120, 0),
    ("PgrunbookFiguresMissing", {f"pgrunbook_serve_gather_success{{{LABELS}}}": "0x90"}, 60, 1),
    ("PgrunbookFiguresMissing",
     {f"pgrunbook_serve_gather_success{{{LABELS}}}": "1x90",
      f'pgrunbook_gather_section_success{{{LABELS},section="vacuum"}}': "1x90",
      f'pgrunbook_gather_section_success{{{LABELS},section="bloat"}}': "0x90"}, 60, 1),
    # An hour between two gatherings is what somebody has set.
    ("PgrunbookFiguresOld", {f"pgrunbook_serve_gather_age_seconds{{{LABELS}}}": "3500x90",
                             f"pgrunbook_serve_gather_interval_seconds{{{LABELS}}}": "3600x90"},
     60, 0),
    ("PgrunbookFiguresOld", {f"pgrunbook_serve_gather_age_seconds{{{LABELS}}}": "3500x90",
                             f"pgrunbook_serve_gather_interval_seconds{{{LABELS}}}": "300x90"},
     60, 1),
]


def labels_of(alert, series):
    """The same of every alert: its severity, and what it is about."""
    rules = RULES.read_text(encoding="utf-8").split(f"- alert: {alert}\n")[1]
    severity = rules.split("severity: ")[1].split()[0]
    task = {"task": "vacuum"} if any("task=" in name for name in series) else {}
    return {"severity": severity, "target": "shop", **task}


def play(alert, series, minute, count):
    return {"interval": "1m", "name": f"{alert} at {minute}: {count} of {series}",
            "input_series": [{"series": name, "values": values}
                             for name, values in series.items()],
            "alert_rule_test": [{"eval_time": f"{minute}m", "alertname": alert,
                                 "exp_alerts": [{"exp_labels": labels_of(alert, series)}] * count}]}


def test_alerts(tmp_path):
    rules = tmp_path / "rules.yml"
    lines = RULES.read_text(encoding="utf-8").splitlines()
    # What an annotation says is not what is played here.
    rules.write_text("\n".join(without_annotations(lines)), encoding="utf-8")
    file = tmp_path / "stories.yml"
    file.write_text(json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m",
                                "tests": [play(*story) for story in STORIES]}), encoding="utf-8")
    played = subprocess.run(["promtool", "test", "rules", file], capture_output=True, check=False,
                            text=True)
    assert played.returncode == 0, played.stdout + played.stderr


def without_annotations(lines):
    within = False
    for line in lines:
        if within and line.startswith("          "):
            continue
        within = line.strip() == "annotations:"
        if not within:
            yield line
