"""The alert rules, played by promtool: what fires, with which labels, and what does not."""

import json
import re
import subprocess
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent.parent / "packaging/prometheus/pgrunbook.rules.yml"
LABELS = 'target="shop"'
TASK = 'target="shop",task="vacuum"'
SUCCESS = f"pgrunbook_serve_turn_last_success_timestamp_seconds{{{TASK}}}"
MISSED = f"pgrunbook_serve_turn_last_missed_timestamp_seconds{{{TASK}}}"
FAILURE = f"pgrunbook_serve_turn_last_failure_timestamp_seconds{{{TASK}}}"
SLOTS = "pgrunbook_watch_slots{" + LABELS + ',kind="%s"}'
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
    ("PgrunbookTargetDown", {f"pgrunbook_watch_up{{{LABELS}}}": "1x10 0x20"}, 15, 1),
    ("PgrunbookTargetDown", {f"pgrunbook_watch_up{{{LABELS}}}": "1x10 0 1x20"}, 13, 0),
    # Nothing is told of slots where there is no connection.
    ("PgrunbookConnectionsFull", {SLOTS % "used": "20x9 55x20", SLOTS % "ordinary": "57x30"}, 20, 1),
    ("PgrunbookConnectionsFull", {SLOTS % "used": "20x30", SLOTS % "ordinary": "57x30"}, 20, 0),
    ("PgrunbookConnectionsFull", {SLOTS % "used": "_x30", SLOTS % "ordinary": "_x30"}, 20, 0),
    ("PgrunbookLockQueue", {f'pgrunbook_watch_sessions{{{LABELS},state="waiting"}}': "11x20"}, 10, 1),
    ("PgrunbookLockQueue", {f'pgrunbook_watch_sessions{{{LABELS},state="idle"}}': "11x20"}, 10, 0),
    *[(alert, {f'pgrunbook_check_status{{{LABELS},check="dead_rows"}}': f"{status}x2000"}, 1900,
       int(status == worst))
      for status in range(4) for alert, worst in (("PgrunbookCheckWarning", 1),
                                                  ("PgrunbookCheckCritical", 2),
                                                  ("PgrunbookCheckUnknown", 3))],
    *[("PgrunbookTransactionAge", {f"pgrunbook_vacuum_transaction_age{{{LABELS}}}": f"{age}x30",
                                   f"pgrunbook_vacuum_transaction_age_failsafe{{{LABELS}}}": "1600x30"},
       20, count) for age, count in ((1300, 1), (1200, 0))],
    *[("PgrunbookHorizonHeldBack",
       {f'pgrunbook_vacuum_horizon_age_seconds{{{LABELS},holder="session"}}': f"{age}x60"}, 30, count)
      for age, count in ((21700, 1), (21500, 0))],
    *[("PgrunbookWalGap", {f"pgrunbook_backup_wal_gaps{{{LABELS}}}": f"{gaps}x60"}, 30, gaps)
      for gaps in (0, 1)],
    *[("PgrunbookWalBehind", {f"pgrunbook_backup_wal_behind_bytes{{{LABELS}}}": f"{size}x60"}, 30, count)
      for size, count in ((2_000_000_000, 1), (16_777_216, 0))],
    *[("PgrunbookSamplesMissed", {f"pgrunbook_watch_samples_total{{{LABELS}}}": "0+54x60",
                                  f"pgrunbook_watch_missed_samples_total{{{LABELS}}}": f"0+{missed}x60"},
       50, count) for missed, count in ((6, 1), (1, 0))],
    *[("PgrunbookHistoryNotWritten", {"pgrunbook_serve_history_writable": f"{is_so}x30"}, 20, 1 - is_so)
      for is_so in (0, 1)],
    ("PgrunbookGone", {'pgrunbook_serve_info{version="1"}': "1x9 stale"}, 20, 1),
    ("PgrunbookGone", {'pgrunbook_serve_info{version="1"}': "1x30"}, 20, 0),
]


KEPT = ("target", "task", "check", "holder", "state")  # of a series; what is summed or divided has fewer
SUMMED = {"PgrunbookBackupOld": {"state"}, "PgrunbookBackupUnproven": {"state"}}


def labels_of(alert, series):
    """Its severity, and what it is about."""
    rules = RULES.read_text(encoding="utf-8").split(f"- alert: {alert}\n")[1]
    found = {"severity": rules.split("severity: ")[1].split()[0]}
    for name in series:
        found |= {label: value for label, value in re.findall(r'(\w+)="([^"]*)"', name)
                  if label in KEPT and label not in SUMMED.get(alert, ())}
    return found


def test_each_alert_fires_in_a_story():
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    assert alerts == {alert for alert, _, _, count in STORIES if count > 0}


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
