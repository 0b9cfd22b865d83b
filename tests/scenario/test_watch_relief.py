"""Relief that the watch gives: it never holds up a look, whatever the sessions, the lock or the
connection do, and is not said more than once."""

import os
import re
import signal

import pytest
from support import faults
from support.connections import alive, at_work, idle, pid_of, pids, queue, states, waiting
from support.servers import wait_until
from support.watch import Watch, configure, make_role

pytestmark = pytest.mark.parametrize("version", [15])

RELIEF = {"connections.idle_for": 0, "connections.relieve": "on"}
# Heeds no cancel.
STUBBORN = """DO $$ BEGIN
    UPDATE orders SET payload = 'mine' WHERE id = 1;
    LOOP
        BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP; END $$"""


@pytest.fixture
def watched(fresh_server):
    server = fresh_server(max_connections=20)
    make_role(server)
    server.sql("CREATE ROLE app LOGIN")
    return server


class Stopped:
    """Backends that obey nobody."""

    def __init__(self, connections):
        self.pids = pids(connections)

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)


def seconds_between(watch, said):
    """The longest time from one sample to the next, of what was said since."""
    times = [one["at_us"] / 1e6 for one in watch.lines[said:] if one["line"] == "sample"]
    return max(later - before for before, later in zip(times, times[1:], strict=False))


def test_no_more_than_the_pace_and_no_look_waits_for_it(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **RELIEF,
                                      **{"connections.per_minute": 2}))
    watch.up(acts=True)
    said = len(watch.lines)
    sessions = idle(watched, 16, user="app")
    note = watch.wait_for("note", name="relief")
    assert note["message"].startswith("2 sessions ended")
    assert "the goal is not reached" in note["message"]
    watch.samples(3)
    assert alive(watched, sessions) == set(pids(sessions)[2:]) and len(watch.said("note")) == 1
    assert seconds_between(watch, said) < 3
    watch.stop().expect(130)


def test_who_does_not_end_is_left_to_the_next_looks(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **RELIEF))
    watch.up(acts=True)
    said = len(watch.lines)
    sessions = idle(watched, 14, user="app")
    with Stopped(sessions[:3]):
        sessions += idle(watched, 2, user="app")
        note = watch.wait_for("note", name="relief")
        # All three, where the look had the time for it: it does not wait long for the first.
        told = re.match("0 sessions ended, ([123]) told to and still there", note["message"])
        assert told and note["severity"] == "info", note
        watch.samples(2)
        assert alive(watched, sessions) == set(pids(sessions)), "nobody in their place so soon"
        assert len(watch.said("note")) == 1 or told[1] != "3", watch.said("note")
        assert seconds_between(watch, said) < 4
    wait_until(lambda: alive(watched, sessions) == set(pids(sessions[3:])), what="their end")
    watch.samples(2)
    assert len(watch.said("note")) == 1 or told[1] != "3", watch.said("note")
    assert alive(watched, sessions) == set(pids(sessions[3:]))
    watch.stop().expect(130)


def test_who_loses_its_connection_in_a_relief_ends_nobody_any_more(runbook, watched):
    """And another watch acts then: the first does not take the connection's locks anew for it."""
    way = configure(runbook, watched, **RELIEF)
    sessions = idle(watched, 12, user="app")
    first = Watch(runbook, *way)
    first.up(acts=True)
    second = Watch(runbook, *way)
    second.up(acts=False)
    guard = watched.value("""SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = 'postgres')""")
    with watched.connect() as admin, Stopped(sessions[:3]):
        sessions += idle(watched, 1, user="app")
        wait_until(lambda: admin.execute("""SELECT count(*) FROM pg_locks
            WHERE locktype = 'advisory' AND pid = %s""", [guard]).fetchone()[0] == 2)
        admin.execute("SELECT pg_terminate_backend(%s)", [guard])
        note = first.wait_for("note", name="relief")
        assert note["severity"] == "warning" and "connection" in note["message"]
        run = runbook("history", "show", str(note["run"]), "--json").expect(0).json["run"]
        assert run["outcome"] == "failed"
        wait_until(lambda: sum(one.said("state")[-1].get("acts", False)
                               for one in (first, second)) == 1, what="one that acts")
    first.stop().expect(130)
    second.stop().expect(130)


def test_a_ladder_is_climbed_from_look_to_look(runbook, watched):
    watched.make_table("orders", rows=10)
    watched.sql("GRANT ALL ON orders TO app")
    watch = Watch(runbook, *configure(runbook, watched, **RELIEF,
                                      **{"connections.convoy_for": "100ms",
                                         "connections.grace": "3s"}))
    watch.up(acts=True)
    root, = at_work(watched, 1, STUBBORN, user="app")
    waiters = queue(watched, 15, "UPDATE orders SET payload = 'x' WHERE id = 1", user="app")
    said = len(watch.lines)
    told = watch.wait_for("note", name="relief")
    assert told["message"].startswith("0 sessions ended, 1 told to and still there")
    ended = watch.wait_for("note", name="relief", count=2)
    assert ended["message"].startswith("1 session ended")
    assert seconds_between(watch, said) < 3
    wait_until(lambda: waiting(watched) == 0, what="the end of the queue")
    assert alive(watched, waiters) == set(pids(waiters))
    assert pid_of(root) not in alive(watched, [root])
    shown = runbook("history", "show", str(ended["run"]), "--json").expect(0).out
    assert "the cancel did not help" in shown
    watch.stop().expect(130)


def slow_history(runbook, server):
    """An environment in which each write to the history, which is there, waits for 0.1 s: an
    emergency keeps machine and disk busy."""
    runbook("connections", "relieve", "--yes", server=server).expect(0)
    return faults.environment(runbook.state, 1, "slow", stay=True)


def test_a_slow_disk_under_the_history_takes_no_time_of_a_relief(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **RELIEF),
                  env=slow_history(runbook, watched))
    watch.up(acts=True)
    sessions = idle(watched, 16, user="app")
    wait_until(lambda: len(alive(watched, sessions)) <= 13, timeout=60, what="the goal")
    notes = watch.said("note", name="relief")
    assert all(int(note["message"].split()[0]) > 0 for note in notes), notes
    watch.stop().expect(130)


def key_of(section):
    """The second key of the section's advisory lock: GLib's hash of its name."""
    value = 5381
    for letter in section.encode():
        value = (value * 33 + letter) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


def test_what_comes_to_nothing_is_said_once(runbook, watched):
    """Another run holds the lock: no trouble. Slots come and go: one emergency, one message."""
    with watched.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [0x70677262, key_of("connections")])
        watch = Watch(runbook, *configure(runbook, watched, **{**RELIEF, "watch.calm": "10s"}))
        watch.up(acts=True)
        sessions = idle(watched, 15, user="app")
        note = watch.wait_for("note", name="relief")
        assert note["severity"] == "info" and "another connections run" in note["message"]
        watch.alarm("slots")
        for _ in range(3):
            for session in sessions[12:]:
                session.close()
            watch.wait_for("sample", len(watch.lines), used=13)
            sessions[12:] = idle(watched, 3, user="app")
            watch.samples(3)
        assert len(watch.said("note")) == 1 and len(alive(watched, sessions)) == 15
        assert len(watch.said("alarm", name="slots", open=True)) == 1
        watch.stop().expect(130)


def test_a_warning_that_becomes_critical_is_told_once(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **{"connections.warning": "80%",
                                                          "connections.critical": "85%"}))
    watch.up(acts=True)
    sessions = idle(watched, 14, user="app")
    assert watch.alarm("slots")["severity"] == "warning"
    sessions += idle(watched, 1, user="app")
    risen = watch.wait_for("alarm", name="slots", open=True, severity="critical")
    assert "15 of 17" in risen["message"]
    watch.samples(2)
    assert len(watch.said("alarm", name="slots", open=True)) == 2
    watch.stop().expect(130)
    assert len(alive(watched, sessions)) == 15


RULES = """
[rule reports]
application = report*
longer_than = 1s
action = cancel
[rule jobs]
application = job*
longer_than = 1s
action = terminate
"""


def test_a_query_that_heeds_no_cancel_holds_up_no_look(runbook, watched):
    """The slots fill up meanwhile: relief comes as ever."""
    watched.make_table("orders", rows=10)
    watched.sql("GRANT ALL ON orders TO app")
    watch = Watch(runbook, *configure(runbook, watched, RULES, **RELIEF,
                                      **{"queries.grace": "4s"}))
    watch.up(acts=True)
    said = len(watch.lines)
    report, = at_work(watched, 1, STUBBORN, user="app", application_name="report")
    note = watch.wait_for("note", name="rule")
    assert f"pid {pid_of(report)}: sent" in note["message"] and note["severity"] == "info"
    job, = at_work(watched, 1, STUBBORN.replace("id = 1", "id = 2"), user="app",
                   application_name="job")
    watch.wait_for("note", name="rule", count=2)
    idle(watched, 13, user="app")
    assert watch.wait_for("note", name="relief")["severity"] == "info"
    ended = watch.wait_for("note", name="rule", count=3)
    assert f"pid {pid_of(job)}: terminated" in ended["message"]
    assert "the cancel did not help" in runbook("history", "show", str(ended["run"])).expect(0).out
    watch.samples(2)
    assert alive(watched, [report, job]) == {pid_of(report)}
    assert len(watch.said("note", name="rule")) == 3 and seconds_between(watch, said) < 3
    watch.stop().expect(130)


def test_who_was_not_reached_was_not_told(runbook, watched):
    """Five at once, and a disk so slow that no look reaches all of them: the next looks cancel
    the others. Nobody's session is ended for a cancel that was never sent."""
    watch = Watch(runbook, *configure(runbook, watched, RULES, **{
        "queries.enforce": "on", "queries.grace": "3s"}), env=slow_history(runbook, watched))
    watch.up(acts=True)
    jobs = at_work(watched, 5, user="app", application_name="job")
    wait_until(lambda: "active" not in states(watched, jobs), timeout=60,
               what="the end of all five queries")
    assert alive(watched, jobs) == set(pids(jobs))
    watch.stop().expect(130)
