"""What comes, and what came of it: settings and history read, no server asked."""

import csv
import io
import os
import platform
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from golden.documents import check_document
from support.schedule import MINUTE, now_us, put_event, put_minute, put_turn

CONFIG = """
[pgrunbook]
timezone = Europe/Berlin
[target prod]
conninfo = host=db1
indexes.job = rebuild
[target test]
conninfo = host=db2
timezone = America/New_York
vacuum.schedule = off
bloat.window = 0
"""


@pytest.fixture
def schedule(runbook, tmp_path):
    """A function that calls `schedule` with two targets."""
    file = tmp_path / "two.conf"
    file.write_text(CONFIG, encoding="utf-8")
    return lambda *words: runbook("schedule", "--config", file, *words)


def jobs_of(result):
    document = check_document(result.expect(0).json, "schedule")
    return {(job["target"], job["section"]): job for job in document["jobs"]}


def test_next_turns_in_the_targets_time(schedule):
    jobs = jobs_of(schedule("--json", "--limit", 60))
    assert list(jobs) == [(target, section) for target in ("prod", "test")
                          for section in ("vacuum", "indexes", "bloat")]
    vacuum = jobs["prod", "vacuum"]
    locals_ = [datetime.fromisoformat(turn["local"]) for turn in vacuum["turns"]]
    assert len(locals_) == 60
    for turn, local in zip(vacuum["turns"], locals_):
        at = datetime.fromisoformat(turn["at"].replace("Z", "+00:00"))
        assert at == local and local.isoweekday() == 7
        there = at.astimezone(ZoneInfo("Europe/Berlin"))
        assert there.utcoffset() == local.utcoffset()
        assert (there.hour, there.minute) in ((2, 0), (3, 0))
    # A year of Sundays, over both changes of the clock.
    assert all(later.date() - local.date() == timedelta(7)
               for local, later in zip(locals_, locals_[1:]))
    assert jobs["test", "vacuum"]["turns"] == []
    assert jobs["test", "bloat"]["window_seconds"] is None


def test_the_command_line_is_one_that_runs(schedule, runbook):
    jobs = jobs_of(schedule("--json"))
    assert jobs["prod", "indexes"]["verb"] == "rebuild"
    for job in jobs.values():
        words = job["command_line"].split()
        assert words[:3] == ["pgrunbook", job["section"], job["verb"]]
        assert ("--yes" in words) == (job["verb"] in ("run", "rebuild"))
        # It gets as far as the server that is not there.
        runbook(*words[1:], env={"PGCONNECT_TIMEOUT": "1"}).expect(3)


def test_the_last_turn(schedule, runbook):
    turn = now_us() - 4 * 24 * 60 * MINUTE
    put_turn(runbook, "prod", "vacuum", "failed", turn - MINUTE, reason="older")
    put_turn(runbook, "prod", "vacuum", "done", turn, run_id=12)
    put_turn(runbook, "prod", "indexes", "missed", turn, attempts=0, started_us=0,
             reason="no daemon was running at its time")
    put_turn(runbook, "test", "bloat", "running", turn, ended_us=0,
             os_host=platform.node(), pid=os.getpid(), pid_started=1)
    jobs = jobs_of(schedule("--json"))
    last = {key: job["last_turns"] for key, job in jobs.items()}
    assert [turn["run"] for turn in last["prod", "vacuum"]] == [12]
    assert last["prod", "indexes"][0]["exit_code"] is None
    assert last["test", "bloat"][0]["left"] is True, "that process is another one"
    assert last["test", "indexes"] == []
    text = schedule().expect(0).out
    assert ", run 12" in text and "missed" in text and "no daemon was running" in text
    assert "its daemon is gone" in text


def test_tables_for_people_and_programs(schedule, runbook):
    put_event(runbook, "prod", "slots", now_us() - MINUTE)
    put_event(runbook, "", "store", now_us() - MINUTE)
    put_event(runbook, "other", "slots", now_us() - MINUTE)
    put_event(runbook, "prod", "over", now_us() - MINUTE, now_us())
    text = schedule("--target", "prod").expect(0).out
    assert "pgrunbook vacuum run --yes --window 3h --target NAME" in text
    assert "open: prod, slots, warning" in text and "open: store" in text
    assert "other" not in text and "over" not in text
    rows = list(csv.DictReader(io.StringIO(schedule("--format", "csv").expect(0).out)))
    assert [row["Target"] for row in rows] == ["prod"] * 3 + ["test"] * 3
    assert rows[0]["Command"].startswith("pgrunbook vacuum run")
    assert rows[3]["Next turn"] == "off"
    assert schedule("--format", "markdown").expect(0).out.startswith("| Target |")


@pytest.mark.parametrize("words, message", [
    (["--target", "prd"], 'did you mean "prod"?'),
    (["--limit", "0"], "invalid --limit"),
    (["--limit", "ten"], "invalid --limit"),
    (["--limit", "100000"], "at most 10000"),
    (["prod"], "prod"),
])
def test_wrong_words(schedule, words, message):
    result = schedule(*words).expect(2)
    assert message in result.err and result.out == ""


def test_no_targets(runbook):
    result = runbook("schedule", "--json").expect(2)
    assert "no targets" in result.err and "[target NAME]" in result.err and result.out == ""


def test_the_database_of_connection_options(runbook, schedule):
    put_turn(runbook, "shop", "vacuum", "done", now_us() - MINUTE)
    jobs = jobs_of(runbook("schedule", "-h", "db1", "-d", "shop", "--json"))
    assert jobs["shop", "vacuum"]["last_turns"][0]["outcome"] == "done"
    assert jobs["shop", "vacuum"]["command_line"].endswith("-h db1 -d shop")
    assert list(jobs_of(schedule("-d", "dbname=shop", "--json"))) == list(jobs)
    assert "--target" in schedule("-d", "shop", "--target", "prod").expect(2).err


def test_a_schedule_with_a_fault(runbook, tmp_path):
    file = tmp_path / "bad.conf"
    file.write_text("[target prod]\nconninfo = host=db1\nvacuum.schedule = 0 25 * * *\n",
                    encoding="utf-8")
    assert f"{file}:3" in runbook("schedule", "--config", file).expect(2).err


def test_a_history_that_is_none(schedule, runbook):
    runbook.history.parent.mkdir(parents=True)
    runbook.history.write_bytes(b"not a database at all" * 1000)
    assert "not a history file" in schedule().expect(1).err


def test_events(runbook):
    assert "no history yet" in runbook("history", "events").expect(0).err
    now = now_us()
    put_event(runbook, "prod", "unreachable", now - 300 * MINUTE, now - 290 * MINUTE,
              closing="reachable again")
    put_event(runbook, "prod", "relief", now - 20 * MINUTE, now - 20 * MINUTE, severity="info",
              run_id=7)
    put_event(runbook, "test", "slots", now - 400 * MINUTE, severity="critical",
              detail='{"used": 39}')
    document = check_document(runbook("history", "events", "--json").json, "history.events")
    assert [(event["name"], event["open"]) for event in document["events"]] == \
        [("slots", True), ("relief", False), ("unreachable", False)]
    assert document["events"][0]["detail"] == {"used": 39}
    text = runbook("history", "events").expect(0).out
    assert "open" in text and "at the end: reachable again" in text

    def names(*words):
        return [event["name"] for event in
                runbook("history", "events", "--json", *words).expect(0).json["events"]]
    assert names("--target", "prod") == ["relief", "unreachable"]
    assert names("--limit", 1) == ["slots"]
    assert names("--since", "1h") == ["slots", "relief"]
    assert "No event" in runbook("history", "events", "--target", "none").expect(0).out
    assert "invalid --since" in runbook("history", "events", "--since", "soon").expect(2).err
    assert "invalid --limit" in runbook("history", "events", "--limit", "-1").expect(2).err


def test_minutes(runbook):
    now = now_us()
    for ago, used in ((90, 5), (2, 30), (1, 36)):
        put_minute(runbook, "prod", now - ago * MINUTE, used)
    words = ["history", "minutes", "--target", "prod"]
    document = check_document(runbook(*words, "--json").json, "history.minutes")
    assert [minute["used_max"] for minute in document["minutes"]] == [30, 36]
    assert document["minutes"][0]["used_average"] == 30
    rows = list(csv.DictReader(io.StringIO(
        runbook(*words, "--since", "2h", "--format", "csv").expect(0).out)))
    assert [row["Most"] for row in rows] == ["5", "30", "36"]
    assert "no minute" in runbook("history", "minutes", "--target", "none").expect(0).out
    assert "no target is named" in runbook("history", "minutes").expect(2).err
