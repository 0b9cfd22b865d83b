"""`pgrunbook connections report`: the numbers are the server's, and the diagnosis is right."""

import csv
import io

import pytest
from support.connections import (at_work, configure, idle, in_transaction, pid_of, pids, queue,
                                 report)

# Most slots are free on the shared server: a goal of a few sessions makes it an emergency.
FEW = ["--until", "2%"]


@pytest.fixture
def app(server, roles):
    return roles("app")


# ---- numbers ---------------------------------------------------------------------------------


def test_numbers(runbook, server, app):
    idle(server, 3, user=app, application_name="shop")
    in_transaction(server, 2, user=app, application_name="shop")
    at_work(server, 1, user=app, application_name="report")
    seen = report(runbook, server)
    mine = {"role": app, "database": server.dbname, "client": "local"}
    assert seen.count(state="idle", application="shop", **mine) == 3
    assert seen.count(state="idle in transaction", application="shop", **mine) == 2
    assert seen.count(state="active", application="report", **mine) == 1
    assert seen.count(application="pgrunbook connections") == 0, "ours goes when it has looked"
    assert seen.slots["used"] == seen.count() >= 6
    assert seen.slots["max"] == server.value(
        "SELECT current_setting('max_connections')::int")
    kept = seen.slots["superuser_reserved"] + seen.slots["reserved"]
    assert seen.slots["ordinary"] == seen.slots["max"] - kept
    assert len(seen.document["transactions"]) == 2
    assert all(item["xid_age"] >= 0 for item in seen.document["transactions"])
    assert seen.diagnosis == "healthy"


def test_it_is_text_and_one_csv_table(runbook, server, app):
    idle(server, 2, user=app, application_name="shop")
    in_transaction(server, 1, user=app)
    text = runbook("connections", "report", server=server).expect(0).out
    assert text.startswith("Diagnosis: healthy\n")
    assert "Idle in transaction:" in text and "SELECT pg_current_xact_id()" in text
    out = runbook("connections", "report", "--format", "csv", server=server).expect(0).out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["sessions"] for row in rows if row["application"] == "shop"] == ["2"]


def test_limits_of_role_and_database(runbook, server, app):
    server.sql(f"ALTER ROLE {app} CONNECTION LIMIT 10;"
               f"ALTER DATABASE {server.dbname} CONNECTION LIMIT 40")
    idle(server, 10, user=app)
    seen = report(runbook, server, "--idle-for", 0)
    limits = {item["name"]: item for item in seen.slots["limits"]}
    assert (limits[app]["kind"], limits[app]["limit"], limits[app]["used"]) == ("role", 10, 10)
    assert limits[server.dbname]["limit"] == 40 and limits[server.dbname]["used"] >= 10
    assert seen.diagnosis == "idle_pileup"
    assert f'10 of 10 connections that role "{app}" may have' in seen.reason
    assert "CONNECTION LIMIT 10" in seen.hints


def test_names_are_shown_as_the_server_has_them(runbook, server, app):
    odd = ["it's \"quoted\"", "\U0001f40d shop", "x" * 64, "tab\there", ""]
    for name in odd:
        idle(server, 1, user=app, application_name=name)
    known = {row[0] for row in server.sql(
        "SELECT application_name FROM pg_stat_activity WHERE usename = %s", [app])}
    seen = report(runbook, server)
    assert {group["application"] for group in seen.document["groups"]
            if group["role"] == app} == known
    assert "it's \"quoted\"" in known and "x" * 63 in known
    runbook("connections", "report", server=server).expect(0)


# ---- diagnosis -------------------------------------------------------------------------------


def test_idle_pileup(runbook, server, app):
    idle(server, 8, user=app)
    seen = report(runbook, server, *FEW, "--idle-for", 0)
    assert seen.diagnosis == "idle_pileup"
    assert "8 sessions idle for more than 0 s" in seen.reason
    assert "relieve --dry-run" in seen.hints and "idle_session_timeout" in seen.hints
    assert report(runbook, server).diagnosis == "healthy"


def test_idle_in_transaction(runbook, server, app):
    in_transaction(server, 8, user=app)
    seen = report(runbook, server, *FEW, "--transaction-for", 0)
    assert seen.diagnosis == "idle_in_transaction"
    # With slots to spare it holds up the horizon all the same.
    assert report(runbook, server, "--transaction-for", 0).diagnosis == "idle_in_transaction"
    assert report(runbook, server).diagnosis == "healthy"


def test_slow_queries(runbook, server, app):
    at_work(server, 8, user=app)
    seen = report(runbook, server, *FEW, *configure(runbook, slow_for=0))
    assert seen.diagnosis == "slow_queries"
    assert "8 sessions at work" in seen.reason
    assert "pgrunbook queries" in seen.hints


def test_storm(runbook, server, app):
    idle(server, 8, user=app)
    seen = report(runbook, server, *FEW, *configure(runbook, young="1h"))
    assert seen.diagnosis == "storm"
    assert "8 sessions opened within the last 1 h" in seen.reason


def test_starvation_has_to_be_told(runbook, server, app):
    idle(server, 3, user=app)
    assert report(runbook, server).diagnosis == "healthy"
    seen = report(runbook, server, "--service-unready")
    assert seen.diagnosis == "app_starvation"
    assert "the application's own pool" in seen.hints.lower()


# ---- who stands in whose way -----------------------------------------------------------------


def test_lock_convoy_names_its_root(runbook, server):
    server.make_table("orders", rows=10)
    root, = in_transaction(server, 1, "UPDATE orders SET payload = 'x' WHERE id = 1",
                           application_name="forgetful")
    waiters = queue(server, 30, "UPDATE orders SET payload = 'y' WHERE id = 1")
    seen = report(runbook, server, *configure(runbook, convoy_for=0))
    assert seen.diagnosis == "lock_convoy"
    assert "30 sessions wait, " in seen.reason and f"behind pid {pid_of(root)} " in seen.reason
    assert "idle in transaction for" in seen.reason
    found, = seen.roots
    assert (found["pid"], found["waiting"]) == (pid_of(root), 30)
    assert found["query"].startswith("BEGIN; UPDATE orders")
    assert {item["pid"] for item in seen.waiters} == set(pids(waiters))
    assert all(item["blocked_by"] and item["wait_seconds"] is not None
               and item["root_pid"] == pid_of(root) for item in seen.waiters)
    # They have not waited for long: that is traffic.
    assert report(runbook, server, *configure(runbook, convoy_for="1h")).diagnosis == "healthy"


def test_prepared_transaction_as_the_root(runbook, server):
    server.make_table("orders", rows=10)
    gid = f"it's {server.dbname}"
    holder = server.connect()
    holder.execute("BEGIN; LOCK TABLE orders")
    holder.execute("PREPARE TRANSACTION 'it''s " + server.dbname + "'")
    try:
        queue(server, 6, "SELECT * FROM orders")
        seen = report(runbook, server, *configure(runbook, convoy_for=0))
        found, = seen.roots
        assert (found["pid"], found["prepared"], found["waiting"]) == (None, gid, 6)
        assert seen.diagnosis == "lock_convoy"
        assert f"ROLLBACK PREPARED 'it''s {server.dbname}'" in seen.hints
        assert all(item["prepared"] == gid for item in seen.waiters)
        text = runbook("connections", "report", "-v", server=server).expect(0).out
        assert f"prepared transaction '{gid}'" in text
    finally:
        server.sql("ROLLBACK PREPARED 'it''s " + server.dbname + "'")


def test_advisory_locks_are_waited_for_on_purpose(runbook, server):
    holder = server.connect()
    holder.execute("SELECT pg_advisory_lock(1)")
    queue(server, 6, "SELECT pg_advisory_lock(1)")
    seen = report(runbook, server, *configure(runbook, convoy_for=0))
    assert seen.diagnosis == "healthy"
    assert seen.roots[0]["pid"] == pid_of(holder) and seen.roots[0]["waiting"] == 6


# ---- rights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [["report"], ["relieve", "--yes"]])
def test_nothing_is_said_of_what_cannot_be_seen(runbook, server, app, roles, verb):
    blind = roles("blind")
    idle(server, 3, user=app)
    words = ["connections", *verb, "-U", blind, "--until", "1%", "--idle-for", 0]
    refused = runbook(*words, server=server).expect(4)
    assert refused.out == ""
    assert f'role "{blind}" may not see what ' in refused.err
    assert f'GRANT pg_read_all_stats TO "{blind}"' in refused.err
    server.sql(f"GRANT pg_read_all_stats TO {blind}")
    if verb == ["report"]:
        assert report(runbook, server, "-U", blind, *FEW, "--idle-for", 0).count(
            state="idle", role=app) == 3


# ---- input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words, complaint", [
    (["--until", "120%"], "until"),
    (["--until", "some"], "until"),
    (["--idle-for", "-5"], "idle-for"),
    (["--untl", "80%"], "--until"),
    (["--service-unready=yes"], "service-unready"),
    (["--emergency", "host=x password=y"], "password"),
    (["--emergency", "hst=x"], "connection string"),
    (["shop", "more"], "more"),
])
def test_wrong_input(runbook, words, complaint):
    for verb in ("report", "relieve"):
        refused = runbook("connections", verb, *words).expect(2)
        assert refused.out == ""
        assert complaint in refused.err
