"""An emergency shows, and the watch acts where the settings want it: by slots, a refused connection,
the service's readiness; rules on long queries; and nothing where it must not."""

import os
import resource
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from support.connections import alive, at_work, idle, in_transaction, pids
from support.servers import wait_until
from support.watch import Watch, configure, make_role

pytestmark = pytest.mark.parametrize("version", [15])

SOON = {"connections.idle_for": 0}


@pytest.fixture
def watched(fresh_server):
    server = fresh_server(max_connections=20)
    make_role(server)
    server.sql("CREATE ROLE app LOGIN; CREATE ROLE dumper LOGIN")
    return server


class Service:
    """The readiness of a service: .answer is its status, None hangs, "half" in the middle."""

    def __init__(self):
        self.answer, self.asked, self._go = 200, 0, threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                service.asked += 1
                if service.answer is None:
                    service._go.wait(30)
                    return
                if service.answer == "half":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    service._go.wait(30)
                    return
                self.send_response(service.answer)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/health/ready"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self._go.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def service():
    one = Service()
    try:
        yield one
    finally:
        one.close()


def test_full_slots_are_said_and_nobody_ended_unless_wanted(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **SOON))
    watch.up(acts=True)
    sessions = idle(watched, 16, user="app")
    slots = watch.alarm("slots")
    assert slots["detail"] == {"used": 16, "most": 17} and "16 of 17" in slots["message"]
    emergency = watch.alarm("emergency")
    assert emergency["severity"] == "critical"
    assert emergency["detail"] == {"diagnosis": "idle_pileup"}
    watch.samples(3)
    assert len(alive(watched, sessions)) == 16 and not watch.said("note")
    assert len(watch.said("alarm", name="slots")) == 1
    said = len(watch.lines)
    for session in sessions:
        session.close()
    watch.alarm("slots", opened=False, after=said)
    watch.alarm("emergency", opened=False, after=said)
    watch.stop().expect(130)


def ended(note):
    """How many sessions a note of a relief says were ended."""
    return int(note["message"].split(" session")[0])


def notes_of_three(watch):
    """The notes of the relief that ends three and no more: where ending takes longer than a look may
    last, the next ones go on."""
    def notes():
        return watch.said("note", name="relief")
    wait_until(lambda: sum(map(ended, notes())) >= 3, what="three to be ended")
    assert sum(map(ended, notes())) == 3
    return notes()


def test_relief_by_itself(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, **SOON, **{"connections.relieve": "on"}))
    watch.up(acts=True)
    dump = idle(watched, 1, user="dumper", application_name="pg_dump")
    sessions = idle(watched, 15, user="app")
    notes = notes_of_three(watch)
    note = notes[-1]
    assert note["severity"] == "info" and watch.said("note") == notes
    assert watch.said("busy")
    assert alive(watched, sessions) == set(pids(sessions)[3:]), "13 of 17 are 80 %"
    assert alive(watched, dump) == set(pids(dump))
    run = runbook("history", "show", str(note["run"]), "--json").expect(0).json
    assert run["run"]["section"] == "connections" and run["run"]["verb"] == "relieve"
    assert run["run"]["outcome"] == "done" and run["run"]["target"] == "shop"
    assert "# by: " in run["run"]["command_line"]
    # The connection and its lock are the same as before.
    watch.samples(2)
    assert len(watch.said("state")) == 1 and watch.said("note") == notes
    assert len(watched.backends("pgrunbook watch")) <= 2
    watch.stop().expect(130)


def was_told(pid):
    """Whether its end waits to be taken notice of: a bit of the signals that are pending."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        pending = [int(line.split()[1], 16) for line in status if line.startswith(("ShdPnd", "SigPnd"))]
    return any(signals >> (signal.SIGTERM - 1) & 1 for signals in pending)


def test_who_ends_late_counts_once(runbook, watched):
    """One that takes its time to end goes while others are told: it is no longer about to go then,
    and the last of them is needed as much as before."""
    watch = Watch(runbook, *configure(runbook, watched, **SOON, **{"connections.relieve": "on"}))
    watch.up(acts=True)
    sessions = idle(watched, 15, user="app")
    slow, slower = pids(sessions)[:2]
    for pid in (slow, slower):
        os.kill(pid, signal.SIGSTOP)
    sessions += idle(watched, 1, user="app")
    wait_until(lambda: was_told(slower), what="the second to be told")
    os.kill(slow, signal.SIGCONT)
    wait_until(lambda: slow not in alive(watched, sessions), what="the first to end")
    os.kill(slower, signal.SIGCONT)
    notes_of_three(watch)
    assert alive(watched, sessions) == set(pids(sessions)[3:])
    watch.stop().expect(130)


def test_relief_waits_for_no_history(runbook, watched):
    """Another process holds the history's lock: evidence is lost rather than time."""
    state = runbook.home / "locked.db"
    with closing(sqlite3.connect(state, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        watch = Watch(runbook, *configure(runbook, watched, f"[pgrunbook]\nstate = {state}\n",
                                          **SOON, **{"connections.relieve": "on"}))
        watch.up(acts=True)
        sessions = idle(watched, 16, user="app")
        for note in notes_of_three(watch):
            assert note["run"] is None
            assert "not in the history" in note["message"] and "locked" in note["message"]
        assert len(alive(watched, sessions)) == 13
        watch.stop().expect(130)


def no_file_grows():
    """As on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize(("state", "more"), [("full.db", {"preexec_fn": no_file_grows}),
                                             ("/proc/no.db", {})])
def test_relief_where_no_history_can_be_written(runbook, watched, state, more):
    way = configure(runbook, watched, f"[pgrunbook]\nstate = {runbook.home / state}\n", **SOON,
                    **{"connections.relieve": "on"})
    watch = Watch(runbook, *way, **more)
    watch.up(acts=True)
    sessions = idle(watched, 16, user="app")
    for note in notes_of_three(watch):
        assert note["run"] is None and "not in the history" in note["message"]
    watch.samples(3)
    assert alive(watched, sessions) == set(pids(sessions)[3:]), "no one too many"
    watch.stop().expect(130)


def test_a_late_answer_is_no_lost_connection(runbook, watched):
    """The guard's backend stands still for a while, in which others take every slot: the way in
    is still there when it goes on."""
    watch = Watch(runbook, *configure(runbook, watched, **SOON, **{"connections.relieve": "on"}))
    watch.up(acts=True)
    guard = watched.value("""SELECT pid FROM pg_stat_activity
        WHERE application_name = 'pgrunbook watch' ORDER BY backend_start LIMIT 1""")
    sessions = []
    os.kill(guard, signal.SIGSTOP)
    try:
        with pytest.raises(psycopg.OperationalError):
            while True:
                sessions += idle(watched, 1, user="app")
        down = watch.wait_for("state", state="down")
        assert "stopped answering" in down["reason"]
        watch.alarm("unreachable")
        watch.alarm("refused")
        said = len(watch.lines)
        time.sleep(1) # it goes on waiting
    finally:
        os.kill(guard, signal.SIGCONT)
    up = watch.up(after=said, acts=True)
    assert up["emergency"] is False and guard in [pid for pid, *_ in watched.backends("pgrunbook watch")]
    notes_of_three(watch)
    assert alive(watched, sessions) == set(pids(sessions)[3:]), "13 of 17 are 80 %"
    watch.alarm("unreachable", opened=False, after=said)
    watch.stop().expect(130)


def test_what_may_not_be_ended_is_said_once(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, protected_roles="app", **SOON,
                                      **{"connections.relieve": "on"}))
    watch.up(acts=True)
    sessions = idle(watched, 16, user="app")
    note = watch.wait_for("note", name="relief")
    assert note["severity"] == "warning" and "nobody is ended" in note["message"]
    watch.samples(3)
    assert len(watch.said("note")) == 1 and len(alive(watched, sessions)) == 16
    watch.stop().expect(130)


def test_a_refused_connection_is_a_trigger(runbook, watched):
    """The role may have one connection, which the guard holds."""
    watched.sql("ALTER ROLE ops CONNECTION LIMIT 1")
    old = in_transaction(watched, 1, user="app")
    watch = Watch(runbook, *configure(runbook, watched, **SOON,
                                      **{"connections.transaction_for": "1ms"}))
    watch.up()
    refused = watch.alarm("refused")
    assert "too many connections for role" in refused["message"]
    wait_until(lambda: any(one["triggers"] == ["refused"] for one in watch.said("sample")))
    assert watch.alarm("emergency")["detail"] == {"diagnosis": "idle_in_transaction"}
    assert not watch.said("alarm", name="slots", open=True)
    said = len(watch.lines)
    watched.sql("ALTER ROLE ops CONNECTION LIMIT -1")
    watch.alarm("refused", opened=False, after=said)
    assert alive(watched, old)
    # Refused for another reason: that is no trigger, and not over either.
    said = len(watch.lines)
    watched.sql("ALTER ROLE ops NOLOGIN")
    assert "not permitted to log in" in watch.alarm("refused", after=said)["message"]
    watched.sql("ALTER ROLE ops LOGIN")
    watch.alarm("refused", opened=False, after=said)
    watch.stop().expect(130)


def test_a_service_that_is_not_ready(runbook, watched):
    with service() as ready:
        secret = ready.url.replace("//", "//svc:s3cret@") + "?token=abc"
        watch = Watch(runbook, *configure(runbook, watched, health_url=secret))
        watch.up()
        wait_until(lambda: ready.asked > 0)
        watch.alarm("unready", opened=False)
        ready.answer = 503
        assert "answers 503" in watch.alarm("unready")["message"]
        assert watch.alarm("emergency")["detail"] == {"diagnosis": "app_starvation"}
        ready.answer = 200
        watch.alarm("unready", opened=False, after=len(watch.lines))
        # One that hangs: no sample waits for it.
        asked, said = ready.asked, len(watch.lines)
        ready.answer = None
        wait_until(lambda: ready.asked > asked)
        watch.samples(2)
        assert "does not answer" in watch.alarm("unready", after=said)["message"]
        times = [one["at_us"] for one in watch.lines[said:] if one["line"] == "sample"]
        assert len(times) >= 3
        # Half an answer is none; and back while there is no server.
        said = len(watch.lines)
        ready.answer = 200
        watch.alarm("unready", opened=False, after=said)
        ready.answer = "half"
        assert "does not answer" in watch.alarm("unready", after=said)["message"]
        watched.cluster.stop()
        watch.wait_for("state", after=said, state="down")
        said = len(watch.lines)
        ready.answer = 200
        watch.alarm("unready", opened=False, after=said)
        assert not any("s3cret" in str(one) or "token" in str(one) for one in watch.lines)
        watch.stop().expect(130)


RULES = """
[rule reports]
application = report*
longer_than = 1s
action = cancel
[rule jobs]
application = job*
longer_than = 1s
action = terminate
[rule spared]
application = spare*
longer_than = 1s
action = report
"""


def test_rules_are_carried_out(runbook, watched):
    kept = [at_work(watched, user="app", application_name=name)[0] for name in ("spared", "web")]
    watch = Watch(runbook, *configure(runbook, watched, RULES))
    watch.up(acts=True)
    report, = at_work(watched, user="app", application_name="report 1")
    note = watch.wait_for("note", name="rule")
    assert "cancelled" in note["message"] and 'rule "reports"' in note["message"]
    assert alive(watched, [report]) == set(pids([report]))
    job, = in_transaction(watched, user="app", application_name="job 1")
    note = watch.wait_for("note", name="rule", count=2)
    assert "terminated" in note["message"] and 'rule "jobs"' in note["message"]
    assert alive(watched, [job]) == set()
    run = runbook("history", "show", str(note["run"]), "--json").expect(0).json["run"]
    assert (run["section"], run["verb"], run["outcome"]) == ("queries", "terminate", "done")
    watch.samples(2)
    assert len(watch.said("note")) == 2 and len(alive(watched, kept)) == 2
    watch.stop().expect(130)


def test_rules_only_where_they_are_to_be_enforced(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched, RULES, **{"queries.enforce": "off"}))
    watch.up(acts=True)
    report = at_work(watched, user="app", application_name="report 1")
    wait_until(lambda: watched.value("""SELECT now() - query_start > '2s' FROM pg_stat_activity
        WHERE application_name = 'report 1'"""))
    watch.samples(2)
    assert not watch.said("note") and len(alive(watched, report)) == 1
    watch.stop().expect(130)


def test_whom_too_much_is_hidden_from_does_nothing(runbook, watched):
    make_role(watched, "blind", "pg_signal_backend")
    watch = Watch(runbook, *configure(runbook, watched, RULES, user="blind", **SOON,
                                      **{"connections.relieve": "on"}))
    watch.up(acts=True)
    sessions = idle(watched, 16, user="app")
    blind = watch.alarm("blind")
    assert "GRANT pg_read_all_stats" in blind["message"]
    watch.alarm("slots")
    watch.samples(2)
    assert not watch.said("note") and len(alive(watched, sessions)) == 16
    assert len(watch.said("alarm", name="blind")) == 1
    watch.stop().expect(130)


def test_a_line_in_the_log_is_a_trigger(runbook, watched):
    """14 of 17 slots are fewer than would be an emergency by themselves."""
    log = runbook.home / "app.log"
    log.write_text("FATAL: sorry, too many clients already\n")
    sessions = idle(watched, 14, user="app")
    watch = Watch(runbook, *configure(runbook, watched, log_file=log, **SOON,
                                      **{"connections.relieve": "on"}))
    watch.up(acts=True)
    watch.samples(2)
    assert not watch.said("note"), "what was in it before is old"
    log.rename(runbook.home / "app.log.1")
    log.write_text('{"level":"error","msg":"failed: connection pool exhausted"}\n')
    note = watch.wait_for("note", name="relief")
    # A probe connection that is there at that moment takes a slot as well.
    ended = 2 if "15 of 17" in note["message"] else 1
    assert note["message"].startswith(f"{ended} session")
    assert alive(watched, sessions) == set(pids(sessions)[ended:])
    assert "pool exhausted" in watch.alarm("log")["message"]
    assert watch.said("sample", triggers=["logged"])
    watch.stop().expect(130)


def test_no_line_is_lost_when_the_log_is_renamed_faster_than_once_a_second(runbook, watched):
    log = runbook.home / "app.log"
    log.write_text("")
    watch = Watch(runbook, *configure(runbook, watched, log_file=log, **SOON))
    watch.up(acts=True)
    for number in range(100):
        log.rename(f"{log}.{number}")
        log.write_text("sorry, too many clients already\n" if number == 50 else "all is well\n")
    assert "too many clients" in watch.alarm("log")["message"]
    watch.stop().expect(130)


def test_a_slip_in_the_connection_string_ends_it(runbook, version):
    del version
    ended = runbook("watch", "-d", "hots=db1").expect(2)
    assert "hots" in ended.err
    file = runbook.home / "some.conf"
    file.write_text("[target shop]\nconninfo = host=db1\n")
    every = runbook("watch", "--target", "all", "--config", file).expect(2)
    assert "a watch is for one target" in every.err
