"""Somebody's old snapshot keeps every row alive that died since. `check` names the holder, a run
reports what it could not remove and because of whom, the next run does not try again in vain, and
when the holder is gone the rows go."""

import pytest
from support.servers import wait_until
from support.vacuum import make_dirty_tables, plan, run, times_vacuumed

DEAD = 500


# ---- the four holders: each is a story of its own, the rest they share -----------------------


def test_session(runbook, server):
    report = server.connect(application_name="monthly report")

    def hold():
        report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")

    story(runbook, server, "session", "monthly report", hold,
          lambda: report.execute("COMMIT"))


@pytest.mark.parametrize("version", [15])
def test_session_that_has_written(runbook, server):
    """Without a snapshot, but with a transaction id: the same."""
    batch = server.connect(application_name="nightly batch")

    def hold():
        batch.execute("BEGIN; SELECT pg_current_xact_id()")

    story(runbook, server, "session", "nightly batch", hold,
          lambda: batch.execute("ROLLBACK"))


def test_prepared_transaction(runbook, server):
    def hold():
        server.sql("BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'settle ''26'")

    def release():
        server.sql("ROLLBACK PREPARED 'settle ''26'")

    story(runbook, server, "prepared", "settle ''26", hold, release)


def test_slot_of_a_standby_that_is_gone(runbook, fresh_server):
    primary = fresh_server()
    primary.sql("SELECT pg_create_physical_replication_slot('old_replica')")
    standby = fresh_server.standby(primary, hot_standby_feedback=True,
                                   primary_slot_name="old_replica",
                                   wal_receiver_status_interval="1s")

    def hold():
        wait_until(lambda: primary.value("SELECT xmin IS NOT NULL FROM pg_replication_slots"),
                   what="feedback")
        standby.cluster.stop()

    def release():
        primary.sql("SELECT pg_drop_replication_slot('old_replica')")

    story(runbook, primary, "slot", "old_replica", hold, release)


def test_standby_with_feedback(runbook, fresh_server):
    primary = fresh_server()
    standby = fresh_server.standby(primary, hot_standby_feedback=True,
                                   wal_receiver_status_interval="1s")
    report = standby.connect()

    def reported(condition):
        return primary.value(f"SELECT bool_or({condition}) FROM pg_stat_replication")

    def hold():
        report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        xmin = report.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())").fetchone()[0]
        wait_until(lambda: reported(f"backend_xmin = '{xmin}'"), what="feedback")

    def release():
        report.execute("COMMIT")
        wait_until(lambda: reported("age(backend_xmin) < 50"), what="feedback that it is over")

    story(runbook, primary, "standby", "walreceiver", hold, release)


# ---- what they share -------------------------------------------------------------------------


def xmin_horizon(runbook, server):
    verdicts = runbook("check", "--json", server=server).json["verdicts"]
    return next(verdict for verdict in verdicts if verdict["name"] == "xmin_horizon")


def story(runbook, server, kind, holder, hold, release):
    server.make_table("orders", rows=2 * DEAD)
    hold()
    try:
        server.sql(f"UPDATE orders SET payload = 'changed' WHERE id <= {DEAD}")
        server.burn_xids(50)
        server.settle_stats()
        held_back(runbook, server, kind, holder)
    finally:
        release()
    when_it_is_gone(runbook, server, holder)


def held_back(runbook, server, kind, holder):
    verdict = xmin_horizon(runbook, server)
    assert holder in verdict["message"]
    assert verdict["value"] >= 50

    report = run(runbook, server)
    orders = report.tables["orders"]
    assert (orders["outcome"], orders["dead_before"]) == ("done", DEAD)
    assert (orders["dead_not_removable"], orders["dead_after"]) == (DEAD, DEAD)
    assert report.horizon[0]["kind"] == kind
    assert holder in report.horizon[0]["holder"]
    assert report.horizon[0]["age_xids"] >= 50
    vacuums = times_vacuumed(server, "orders")

    again = run(runbook, server)
    assert again.outcomes["orders"] == "skipped"
    assert holder in again.reason("orders")
    assert times_vacuumed(server, "orders") == vacuums
    planned = plan(runbook, server)
    assert planned.actions["orders"] == "skip"
    assert planned.tables["orders"]["needs"] == ["dead_rows"]
    assert holder in planned.reason("orders")


def when_it_is_gone(runbook, server, holder):
    verdict = xmin_horizon(runbook, server)
    assert holder not in verdict["message"] or verdict["value"] < 50, \
        "a standby with feedback always reports something, but now it is news"
    report = run(runbook, server)
    orders = report.tables["orders"]
    assert (orders["outcome"], orders["dead_before"]) == ("done", DEAD)
    assert (orders["dead_not_removable"], orders["dead_after"]) == (0, 0)
    assert server.dead_rows("orders") == 0


# ---- two that are not the same ---------------------------------------------------------------


@pytest.mark.parametrize("version", [14, 18])
def test_a_younger_holder_lets_some_go(runbook, server):
    """What died before its snapshot is removed, and the report tells the two apart."""
    server.make_table("orders", rows=1000)
    server.sql("DELETE FROM orders WHERE id <= 300")
    report = server.connect()
    report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    server.sql("DELETE FROM orders WHERE id BETWEEN 301 AND 500")
    server.settle_stats()
    orders = run(runbook, server).tables["orders"]
    assert (orders["dead_before"], orders["dead_after"]) == (500, 200)
    assert orders["dead_not_removable"] == 200


@pytest.mark.parametrize("version", [15])
def test_an_older_one_that_ended_makes_it_worth_trying_again(runbook, server):
    """The horizon moved, though somebody still holds it: vacuum again."""
    server.make_table("orders", rows=1000)
    older, younger = server.connect(), server.connect(application_name="younger")
    older.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    server.sql("DELETE FROM orders WHERE id <= 300")
    younger.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    server.settle_stats()
    assert run(runbook, server).tables["orders"]["dead_not_removable"] == 300
    older.execute("COMMIT")
    report = run(runbook, server)
    assert "younger" in report.horizon[0]["holder"]
    assert report.tables["orders"]["dead_not_removable"] == 0


@pytest.mark.parametrize("version", [15])
def test_another_database_holds_nothing_back(runbook, server):
    elsewhere = server.connect(dbname="postgres")
    elsewhere.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    make_dirty_tables(server, orders=1000)
    report = run(runbook, server)
    assert report.horizon == []
    assert report.tables["orders"]["dead_not_removable"] == 0
