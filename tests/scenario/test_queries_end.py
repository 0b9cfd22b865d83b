"""`pgrunbook queries cancel` and `terminate`: the ladder, and everything that must not happen."""

import re

import pytest
from support.queries import (RELUCTANT, STUBBORN, busy, end, idle_in_transaction, pid_of,
                             receive_wal, state)
from support.servers import wait_until
from support.vacuum import last_run

QUICK = ["--grace", "300ms"]


@pytest.fixture
def app(roles):
    return roles("app")


# ---- one by its pid --------------------------------------------------------------------------


def test_cancel_ends_the_query_alone(runbook, server, app):
    session = busy(server, user=app, name="shop '\U0001F4A5' " + "x" * 64)
    pid = pid_of(session)
    result = end(runbook, server, "cancel", pid)[pid]
    assert (result["step"], result["role"], result["state"]) == ("cancelled", app, "active")
    assert state(server, pid) == "idle"
    shown = last_run(runbook)
    step, = shown["steps"]
    assert "pg_cancel_backend" in step["sql"] and "query_start" in step["sql"]
    snapshot, = shown["objects"]
    assert snapshot["before"]["query"] == "SELECT pg_sleep(60)"
    assert snapshot["before"]["application"].startswith("shop")


def test_a_query_that_ignores_a_cancel(runbook, server, app):
    session = busy(server, STUBBORN, user=app)
    pid = pid_of(session)
    result = end(runbook, server, "cancel", pid, *QUICK, code=1)[pid]
    assert result["step"] == "stubborn" and "has not for 0.3 s" in result["reason"]
    assert state(server, pid) == "active"
    assert end(runbook, server, "terminate", pid, *QUICK)[pid]["step"] == "terminated"
    assert state(server, pid) is None


def test_one_that_ends_by_itself_during_the_grace(runbook, server, app):
    session = busy(server, RELUCTANT, user=app)
    pid = pid_of(session)
    result = end(runbook, server, "terminate", pid, "--grace", "1min")[pid]
    assert result["step"] == "cancelled"
    assert state(server, pid) == "idle", "the session lives"


def test_idle_in_transaction_goes_straight(runbook, server, app):
    """However long the grace is: a cancel does nothing to it, so none is waited for."""
    session = idle_in_transaction(server, user=app)
    pid = pid_of(session)
    result = end(runbook, server, "cancel", pid, code=4)[pid]
    assert result["step"] == "refused" and "queries terminate" in result["reason"]
    assert state(server, pid) == "idle in transaction"
    assert end(runbook, server, "terminate", pid, "--grace", "10min")[pid]["step"] == "terminated"
    assert state(server, pid) is None
    step, = last_run(runbook)["steps"]
    assert "pg_terminate_backend" in step["sql"] and "state_change" in step["sql"]


def test_another_that_got_the_pid(runbook, server, app):
    """What was decided about one session, sent when another has its pid."""
    old, new = busy(server, user=app), busy(server, user=app)
    script = runbook("queries", "terminate", pid_of(old), "--dry-run", server=server).expect(0).out
    assert state(server, pid_of(old)) == "active", "a dry run does nothing"
    statements = re.findall(r"^SELECT pg_catalog.pg_.*?;$", script, re.DOTALL | re.MULTILINE)
    assert len(statements) == 2
    for statement in statements:
        assert server.sql(statement.replace(f" {pid_of(old)}\n", f" {pid_of(new)}\n")) == []
    assert state(server, pid_of(new)) == "active"
    assert server.sql(statements[1]) == [(True,)]
    wait_until(lambda: state(server, pid_of(old)) is None, what="its end")


def test_nobody_has_that_pid(runbook, server):
    session = server.connect()
    pid = pid_of(session)
    session.close()
    wait_until(lambda: state(server, pid) is None, what="its end")
    assert end(runbook, server, "cancel", pid)[pid]["step"] == "gone"
    for text in ("0", "-1", "x", "99999999999"):
        runbook("queries", "cancel", "--", text, server.dbname, server=server).expect(2)


def test_a_question_comes_first(runbook, server, app):
    session = busy(server, user=app)
    error = runbook("queries", "cancel", pid_of(session), server=server).expect(2).err
    assert "--yes" in error
    assert state(server, pid_of(session)) == "active"


# ---- who is never touched --------------------------------------------------------------------


def test_protected(runbook, server, app):
    dump = busy(server, "COPY (SELECT pg_sleep(60)) TO STDOUT", name="pg_dump", user=app)
    boss = busy(server)
    walsender = receive_wal(server)
    for pid in (pid_of(dump), pid_of(boss), walsender.backend_pid):
        for verb in ("cancel", "terminate"):
            result = end(runbook, server, verb, pid, *QUICK, code=4)[pid]
            assert result["step"] == "refused" and result["reason"]
    assert end(runbook, server, "terminate", "--longer-than", 0, *QUICK) == {}
    assert state(server, pid_of(dump)) == state(server, pid_of(boss)) == "active"
    assert walsender.status == 0
    assert server.sql("SELECT 1 FROM pg_stat_replication WHERE pid = %s",
                      [walsender.backend_pid])
    walsender.finish()
    assert end(runbook, server, "cancel", pid_of(boss), "--superusers")[pid_of(boss)]["step"] == \
        "cancelled"


def test_a_role_without_rights(runbook, server, roles, app):
    session = busy(server, user=app)
    pid = pid_of(session)
    blind = roles("blind")
    error = runbook("queries", "terminate", pid, "--yes", "-U", blind, server=server).expect(4)
    assert "GRANT pg_" in error.err
    looker = roles("looker", "LOGIN IN ROLE pg_monitor")
    for arguments in ([pid], ["--longer-than", 0]):
        result = end(runbook, server, "terminate", *arguments, "-U", looker, code=4)[pid]
        assert result["step"] == "refused"
        assert f'GRANT pg_signal_backend TO "{looker}"' in result["reason"]
    assert state(server, pid) == "active"
    server.sql(f"GRANT pg_signal_backend TO {looker}")
    assert end(runbook, server, "cancel", pid, "-U", looker)[pid]["step"] == "cancelled"


# ---- all that run for too long ---------------------------------------------------------------


def test_all_that_run_for_longer(runbook, server, app):
    """Graces run at the same time; who has gone on meanwhile is left alone."""
    stubborn, easy = busy(server, STUBBORN, user=app), busy(server, user=app)
    waiting = idle_in_transaction(server, user=app)
    assert end(runbook, server, "terminate", "--longer-than", "1h") == {}
    results = end(runbook, server, "terminate", "--longer-than", 0, *QUICK)
    assert {pid: result["step"] for pid, result in results.items()} == {
        pid_of(stubborn): "terminated", pid_of(easy): "cancelled", pid_of(waiting): "terminated"}
    assert state(server, pid_of(easy)) == "idle"


def test_rules(runbook, server, roles, app):
    """The first rule that matches a query has it; without one it is let be."""
    other = roles("etl")
    reports = busy(server, "SELECT  pg_sleep(60)\n FROM generate_series(1, 1)", user=app)
    web = busy(server, STUBBORN, name="web-1", user=app)
    nightly = busy(server, user=other)
    none = busy(server, name="other", user=app)
    config = runbook.home / "test.conf"
    config.write_text(f"""
        [rule nightly]
        role = {other}
        longer_than = 1s
        [rule reports]
        query = PG_SLEEP(60) from generate*
        database = test_*
        longer_than = 1s
        action = cancel
        [rule web]
        application = web-*
        longer_than = 1s
        action = terminate
        """)
    wait_until(lambda: server.value("""SELECT count(*) = 4 FROM pg_stat_activity WHERE state =
        'active' AND datname = current_database() AND now() - query_start > '1.05s' """),
        what="queries older than a second")
    options = ["--config", config, *QUICK]
    steps = {pid: result["step"] for pid, result in
             end(runbook, server, "cancel", "--longer-than", 0, "--dry-run", *options).items()}
    assert set(steps) == {pid_of(reports), pid_of(web), pid_of(none)}, "a rule with report keeps"
    assert set(steps.values()) == {"planned"}
    results = end(runbook, server, "terminate", "--rules", *options)
    assert {pid: result["step"] for pid, result in results.items()} == {
        pid_of(reports): "cancelled", pid_of(web): "terminated"}
    assert results[pid_of(web)]["reason"].startswith("active for ")
    assert [state(server, pid_of(s)) for s in (nightly, none)] == ["active", "active"]


@pytest.mark.parametrize("version", [15])
def test_rules_where_there_are_none(runbook, server):
    done = runbook("queries", "cancel", "--rules", "--yes", server=server).expect(0)
    assert "There is nothing to cancel." in done.out
    assert "no section [rule NAME]" in done.err
