"""Ending sessions, one by one: only what the decision saw, proved, recorded; and what stays. Told
through `pgrunbook connections relieve`."""

import re
import select
import signal

import pytest
from support.connections import (Relief, alive, asked, at_work, configure, idle, in_transaction, pid_of,
                                 pids, queue, relieve, send, waiting)
from support.indexes import psql
from support.servers import ENDS, wait_until
from support.vacuum import last_run

versions = ENDS

# Most slots are free on the shared server: a goal of a few sessions makes it an emergency.
FEW = ["--until", "5%", "--idle-for", 0]


@pytest.fixture
def app(server, roles):
    return roles("app")


def goal(server):
    """How many sessions 5 % of the ordinary slots are."""
    return int(0.05 * server.value("""SELECT sum(setting::int * CASE name
        WHEN 'max_connections' THEN 1 ELSE -1 END) FROM pg_settings
        WHERE name IN ('max_connections', 'superuser_reserved_connections',
                       'reserved_connections')"""))


# ---- the fewest, the oldest ------------------------------------------------------------------


def test_the_oldest_end_and_are_recorded(runbook, server, app):
    sessions = idle(server, goal(server) + 3, user=app, application_name="shop")
    busy = in_transaction(server, 1, user=app)
    done = relieve(runbook, server, *FEW)
    assert done.diagnosis == "idle_pileup"
    assert list(done.ended) == pids(sessions)[:4]
    assert alive(server, sessions + busy) == set(pids(sessions)[4:] + pids(busy))
    first = done.ended[pid_of(sessions[0])]
    assert (first["role"], first["application"], first["state"]) == (app, "shop", "idle")
    assert first["query"] == "SELECT 'idle'" and first["step"] == "terminated"
    assert done.spared[pid_of(busy[0])] == "it is in a transaction"
    shown = last_run(runbook)
    assert shown["run"]["id"] == done.document["run_id"]
    assert [step["outcome"] for step in shown["steps"]] == ["done"] * 4
    assert [item["outcome"] for item in shown["objects"]].count("done") == 4
    left, = [item for item in shown["objects"] if item["reason"] == "it is in a transaction"]
    assert left["outcome"] == "skipped" and f"pid {pid_of(busy[0])} " in left["name"]
    kept = next(item for item in shown["objects"] if item["outcome"] == "done")["before"]
    assert kept["query"] == "SELECT 'idle'" and kept["application"] == "shop"
    assert kept["role"] == app and kept["state_seconds"] > 0
    # Once more there is nothing to do.
    again = relieve(runbook, server, *FEW)
    assert again.ended == {} and again.goal["reached"]
    assert last_run(runbook)["run"]["outcome"] == "done" and not last_run(runbook)["steps"]


def test_too_few_are_idle_for_long(runbook, server, app):
    sessions = idle(server, goal(server) + 2, user=app)
    done = relieve(runbook, server, "--until", "5%", "--idle-for", "1h",
                   *configure(runbook, young=0), code=5)
    assert done.ended == {} and done.goal["reached"] is False
    assert set(done.spared.values()) == {"it has not been idle for long enough"}
    assert len(alive(server, sessions)) == len(sessions)


def test_old_transactions(runbook, server, app):
    sessions = in_transaction(server, goal(server) + 2, user=app)
    done = relieve(runbook, server, "--until", "5%", "--transaction-for", 0)
    assert done.diagnosis == "idle_in_transaction"
    assert list(done.ended) == pids(sessions)[:2]


def test_work_is_not_ended(runbook, server, app):
    sessions = at_work(server, goal(server) + 2, user=app)
    done = relieve(runbook, server, *FEW, *configure(runbook, slow_for=0), code=5)
    assert done.diagnosis == "slow_queries" and done.ended == {}
    assert "pgrunbook queries" in done.hints
    assert len(alive(server, sessions)) == len(sessions)


def test_protected_sessions_stay(runbook, server, app, roles):
    kept_role = roles("kept")
    names = ["pg_dump", "PgBouncer", "pgBackRest [backup]", "pgrunbook watch", "it's \"ours\""]
    kept = [idle(server, 1, user=app, application_name=name)[0] for name in names]
    kept += idle(server, 1, user=kept_role) + idle(server, 2)
    others = idle(server, goal(server), user=app, application_name="pg_dumpling")
    file = runbook.home / "kept.conf"
    file.write_text(f"[pgrunbook]\nprotected_roles = {kept_role}\nprotected_applications = "
                    "pg_dump, pgbouncer, pgbackrest, \"it's \"\"ours\"\"\"\n", encoding="utf-8")
    done = relieve(runbook, server, "--config", file, "--until", "0%", "--idle-for", 0, code=5)
    assert set(done.ended) == set(pids(others))
    assert alive(server, kept) == set(pids(kept))
    reasons = [done.spared[pid] for pid in pids(kept)]
    assert reasons[0] == reasons[1] == reasons[2] == reasons[4]
    assert "protected_applications" in reasons[0] and "pgrunbook" in reasons[3]
    assert "protected_roles" in reasons[5]
    assert reasons[6] == reasons[7] == "its role is a superuser"


def test_superusers_where_it_is_allowed(runbook, server):
    sessions = idle(server, goal(server) + 1)
    assert relieve(runbook, server, *FEW, code=5).ended == {}
    done = relieve(runbook, server, *FEW, "--superusers")
    assert list(done.ended) == pids(sessions)[:1]


# ---- only what the decision saw --------------------------------------------------------------


def test_a_session_that_goes_to_work_meanwhile(runbook, server, app):
    sessions = idle(server, goal(server) + 2, user=app)
    with asked(runbook, server, "connections", "relieve", *FEW) as answer:
        sessions[0].execute("BEGIN")
        code, text = answer("y")
    assert "no longer what the decision saw" in " ".join(text.split())
    assert pid_of(sessions[0]) in alive(server, sessions)
    # Another has taken its place.
    assert code == 0
    assert alive(server, sessions) == {pid_of(sessions[0]), *pids(sessions)[3:]}


def test_sessions_that_leave_by_themselves_meanwhile(runbook, server, app):
    sessions = idle(server, goal(server) + 2, user=app)
    with asked(runbook, server, "connections", "relieve", *FEW) as answer:
        for session in sessions[-2:]:
            session.close()
        wait_until(lambda: len(alive(server, sessions[:-2])) == goal(server))
        wait_until(lambda: server.value("SELECT count(*) FROM pg_stat_activity WHERE usename = "
                                        "%s", [app]) == goal(server))
        code, text = answer("y")
    assert code == 0, text
    assert len(alive(server, sessions[:-2])) == goal(server), "the goal was reached without us"


def test_sessions_that_leave_during_the_run(runbook, server, app):
    """Never more than needed: who leaves by himself makes room as well."""
    sessions = idle(server, goal(server) + 36, user=app)
    oldest, youngest = sessions[:20], sessions[-10:]
    running = runbook.start("connections", "relieve", "--yes", "--json", *FEW, server=server)
    select.select([oldest[0].fileno()], [], [], 20)  # it reads its end
    running.process.send_signal(signal.SIGSTOP)
    left = len(alive(server, sessions))
    gone = pids(youngest)
    for session in youngest:
        session.close()
    wait_until(lambda: not server.sql("SELECT 1 FROM pg_stat_activity WHERE pid = ANY (%s)",
                                      [gone]))
    running.process.send_signal(signal.SIGCONT)
    done = Relief(running.wait().expect(0))
    # Unless it was stopped too late to see anything of it.
    if left >= len(sessions) - 20:
        assert len(done.ended) == 26 and done.goal["used_after"] == goal(server)
        assert "the goal is reached without it" in done.spared.values()


def test_a_no_changes_nothing(runbook, server, app):
    sessions = idle(server, goal(server) + 2, user=app)
    with asked(runbook, server, "connections", "relieve", *FEW) as answer:
        code, text = answer("n")
    assert code == 0 and "nothing was changed" in text
    assert len(alive(server, sessions)) == len(sessions)
    refused = runbook("connections", "relieve", *FEW, server=server).expect(2)
    assert "--yes" in refused.err


def test_dry_run_is_sql_for_psql(runbook, server, app):
    sessions = idle(server, goal(server) + 2, user=app, application_name="a\n\\! false; it's")
    words = ["connections", "relieve", "--dry-run", *FEW]
    script = runbook(*words, server=server).expect(0).out
    assert len(alive(server, sessions)) == len(sessions)
    assert not runbook.history.exists()
    planned = runbook(*words, "--json", server=server).expect(0).json["planned"]
    assert [item["pid"] for item in planned] == pids(sessions)[:2]

    # Its pid belongs to somebody else by now: the same statement for another backend.
    old, other = pid_of(sessions[0]), pid_of(sessions[5 if len(sessions) > 5 else 2])
    psql(server, re.sub(rf"\(pg_catalog\.=\) {old}\b", f"(pg_catalog.=) {other}", script))
    wait_until(lambda: pid_of(sessions[1]) not in alive(server, sessions))
    assert alive(server, sessions) == set(pids(sessions)) - {pid_of(sessions[1])}

    psql(server, script)
    wait_until(lambda: old not in alive(server, sessions))
    assert alive(server, sessions) == set(pids(sessions)[2:])


# ---- convoys ---------------------------------------------------------------------------------


def convoy(runbook):
    return configure(runbook, convoy_for=0, grace="300ms")


def test_a_convoy_is_relieved_at_its_root(runbook, server):
    server.make_table("orders", rows=10)
    root, = in_transaction(server, 1, "LOCK TABLE orders", application_name="forgetful")
    waiters = queue(server, 30, "UPDATE orders SET payload = 'y' WHERE id = 1")
    spared = relieve(runbook, server, *convoy(runbook), code=5)
    assert spared.ended == {} and spared.spared[pid_of(root)] == "its role is a superuser"
    done = relieve(runbook, server, *convoy(runbook), "--superusers")
    assert done.diagnosis == "lock_convoy"
    assert list(done.ended) == [pid_of(root)]
    assert done.ended[pid_of(root)]["reason"] == "30 sessions wait behind it"
    assert done.goal["reached"]
    wait_until(lambda: waiting(server) == 0, what="the queue to move on")
    assert alive(server, waiters) == set(pids(waiters))


def test_a_root_at_work_is_cancelled_first(runbook, server, app):
    server.sql(f"CREATE TABLE orders (); GRANT ALL ON orders TO {app}")
    root = server.connect(user=app)
    send(root, "BEGIN; LOCK TABLE orders; SELECT pg_sleep(600)")
    wait_until(lambda: server.value("SELECT wait_event = 'PgSleep' FROM pg_stat_activity "
                                    "WHERE pid = %s", [pid_of(root)]))
    waiters = queue(server, 5, "SELECT * FROM orders", user=app)
    done = relieve(runbook, server, *convoy(runbook))
    assert done.ended[pid_of(root)]["step"] == "cancelled"
    assert alive(server, [root, *waiters]) == {pid_of(root), *pids(waiters)}
    wait_until(lambda: waiting(server) == 0, what="the queue to move on")
    assert [step["outcome"] for step in last_run(runbook)["steps"]] == ["done", "skipped"]


STUBBORN = """BEGIN; LOCK TABLE orders;
    DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600);
    EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"""


def test_a_root_that_ignores_cancel_is_terminated(runbook, server, app):
    server.sql(f"CREATE TABLE orders (); GRANT ALL ON orders TO {app}")
    root = server.connect(user=app)
    send(root, STUBBORN)
    wait_until(lambda: server.value("SELECT wait_event = 'PgSleep' FROM pg_stat_activity "
                                    "WHERE pid = %s", [pid_of(root)]))
    queue(server, 5, "SELECT * FROM orders", user=app)
    done = relieve(runbook, server, *convoy(runbook))
    assert done.ended[pid_of(root)]["step"] == "terminated"
    assert "the cancel did not help" in done.ended[pid_of(root)]["reason"]
    assert alive(server, [root]) == set()
    assert done.goal["reached"]


def test_who_waits_behind_a_backup_and_holds_up_the_rest(runbook, server, app):
    server.sql(f"CREATE TABLE orders (); GRANT ALL ON orders TO {app}")
    backup, = in_transaction(server, 1, "LOCK TABLE orders IN ACCESS SHARE MODE", user=app,
                             application_name="pg_dump")
    alter, = queue(server, 1, "BEGIN; LOCK TABLE orders", user=app)
    readers = queue(server, 8, "SELECT * FROM orders", user=app)
    done = relieve(runbook, server, *convoy(runbook))
    assert list(done.ended) == [pid_of(alter)]
    assert "holds up 8 others" in done.ended[pid_of(alter)]["reason"]
    assert pid_of(backup) in alive(server, [backup])
    wait_until(lambda: waiting(server) == 0, what="the queue to move on")
    assert len(alive(server, readers)) == 8


def test_a_prepared_transaction_is_not_ours_to_end(runbook, server, app):
    server.sql(f"CREATE TABLE orders (); GRANT ALL ON orders TO {app}")
    gid = f"order {server.dbname}"
    server.connect().execute(f"BEGIN; LOCK TABLE orders; PREPARE TRANSACTION '{gid}'")
    try:
        waiters = queue(server, 6, "SELECT * FROM orders", user=app)
        done = relieve(runbook, server, *convoy(runbook), code=5)
        assert done.ended == {} and done.goal["reached"] is False
        assert f"ROLLBACK PREPARED '{gid}'" in done.hints
        assert len(alive(server, waiters)) == 6
    finally:
        server.sql(f"ROLLBACK PREPARED '{gid}'")


# ---- rights, rate, company -------------------------------------------------------------------


def test_a_missing_right_is_named(runbook, server, app, roles):
    watcher = roles("watcher")
    server.sql(f"GRANT pg_monitor TO {watcher}")
    sessions = idle(server, goal(server) + 2, user=app)
    for more in (["--yes"], ["--dry-run"]):
        refused = runbook("connections", "relieve", "-U", watcher, *FEW, *more,
                          server=server).expect(4)
        assert refused.out == ""
        assert f'GRANT pg_signal_backend TO "{watcher}"' in refused.err
    assert len(alive(server, sessions)) == len(sessions)
    # Its own it may end.
    own = idle(server, 2, user=watcher)
    done = relieve(runbook, server, "-U", watcher, *FEW, code=5)
    assert list(done.ended) == pids(own)
    assert "pg_signal_backend" in done.spared[pid_of(sessions[0])]


def test_at_most_so_many_a_minute(runbook, server, app):
    sessions = idle(server, goal(server) + 3, user=app)
    running = runbook.start("connections", "relieve", "--yes", "--json", *FEW, "--per-minute", 2,
                            server=server)
    wait_until(lambda: len(alive(server, sessions)) == len(sessions) - 2, what="two of three")
    running.interrupt()
    result = running.wait().expect(130)
    assert "2 a minute" in result.err
    assert alive(server, sessions) == set(pids(sessions)[2:])
    assert last_run(runbook)["run"]["outcome"] == "interrupted"


def test_one_relief_at_a_time(runbook, server, app):
    sessions = idle(server, goal(server) + 3, user=app)
    running = runbook.start("connections", "relieve", "--yes", *FEW, "--per-minute", 1,
                            server=server)
    wait_until(lambda: len(alive(server, sessions)) == len(sessions) - 1, what="one of three")
    refused = runbook("connections", "relieve", "--yes", *FEW, server=server).expect(4)
    assert "another connections run is at work" in refused.err
    assert len(alive(server, sessions)) == len(sessions) - 1
    running.interrupt()
    running.wait().expect(130)


def test_our_own_session_is_lost_and_comes_back(runbook, server, app):
    """It waits for its pace; whoever ends it does not end the relief, which has no other."""
    sessions = idle(server, goal(server) + 2, user=app)
    running = runbook.start("connections", "relieve", "--yes", "--json", *FEW, "--per-minute", 1,
                            server=server)
    wait_until(lambda: len(alive(server, sessions)) == len(sessions) - 1, what="one of two")
    first, = [row[0] for row in server.backends()]
    server.sql("SELECT pg_terminate_backend(%s)", [first])
    again = wait_until(lambda: [row[0] for row in server.backends() if row[0] != first],
                       what="the session that takes its place")
    assert len(again) == 1
    running.interrupt()
    running.wait().expect(130)
    assert len(alive(server, sessions)) == len(sessions) - 1
