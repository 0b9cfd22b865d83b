"""What it takes to call an index unused: samples over time, and counters that were not lost in
between. A counter that says 0 is no evidence by itself."""

import pytest
from support.indexes import (CANDIDATE, YOUNG, configure, let_days_pass, make_orders, observed,
                             report, scan)
from support.servers import wait_until

RESET = "unknown: the counters of the primary were reset"
BY_DAY = "SELECT count(note) FROM orders WHERE day = 3"
BY_KEY = "SELECT note FROM orders WHERE id = 3"


@pytest.fixture
def orders(server):
    make_orders(server, {"orders_day": "(day)"})


# ---- time ------------------------------------------------------------------------------------


def test_thirty_days_are_asked_for(runbook, server, orders):
    """However many samples there are."""
    assert report(runbook, server).verdict("orders_day") == YOUNG
    assert report(runbook, server).verdict("orders_day") == YOUNG
    let_days_pass(runbook, 29)
    assert report(runbook, server).verdict("orders_day") == "unknown: observed for 29 d of 30 d"
    let_days_pass(runbook, 1)
    found = report(runbook, server)
    assert found.verdict("orders_day") == CANDIDATE
    since = found.nodes["primary"]["observed_since"]
    assert f"no scan was seen since {since[:10]} {since[11:16]} UTC" in found.reason("orders_day")


def test_two_samples_are_needed(runbook, server, orders):
    """With no time asked for at all."""
    first = report(runbook, server, "--evidence", 0)
    assert first.verdict("orders_day") == "unknown: observed for 0 s of 0 s, in two samples at least"
    assert first.nodes["primary"]["samples"] == 1
    second = report(runbook, server, "--evidence", 0)
    assert second.verdict("orders_day") == CANDIDATE
    assert second.nodes["primary"]["samples"] == 2
    assert (second.nodes["primary"]["observed_since"] ==
            first.nodes["primary"]["observed_since"])


def test_the_time_is_a_setting(runbook, server, orders):
    report(runbook, server)
    let_days_pass(runbook, 90)
    quarter = configure(runbook, evidence="100d")
    assert (report(runbook, server, *quarter).verdict("orders_day") ==
            "unknown: observed for 90 d of 100 d")
    assert report(runbook, server, *quarter, "--evidence", "60d").verdict("orders_day") == CANDIDATE


def test_a_use_begins_it_anew(runbook, server, orders):
    report(runbook, server)
    let_days_pass(runbook, 40)
    scan(server, BY_DAY)
    assert report(runbook, server).verdict("orders_day") is None
    assert report(runbook, server).verdict("orders_day") is None
    let_days_pass(runbook, 40)
    # From 16 on the server itself knows better: that scan was today.
    expected = CANDIDATE if server.version < 16 else None
    assert report(runbook, server).verdict("orders_day") == expected


def test_used_long_ago(runbook, server, orders):
    """Its counter is not 0, but it stands still: that is an unused index too."""
    scan(server, BY_DAY)
    found = observed(runbook, server)
    assert found.indexes["orders_day"]["scans"] == 1
    assert found.verdict("orders_day") == CANDIDATE


def test_an_index_made_again_is_another_one(runbook, server, orders):
    report(runbook, server)
    let_days_pass(runbook, 40)
    assert report(runbook, server).verdict("orders_day") == CANDIDATE
    server.sql("DROP INDEX orders_day; CREATE INDEX orders_day ON orders (day)")
    assert report(runbook, server).verdict("orders_day") == YOUNG


def test_the_server_remembers_the_last_scan(runbook, server, orders):
    """From 16 on: an index last scanned before the time that is asked for was quiet since then,
    although our own samples have only just begun."""
    scan(server, BY_DAY)
    if server.version < 16:
        assert report(runbook, server, "--evidence", "1h").indexes["orders_day"]["last_scan"] is None
        return
    wait_until(lambda: server.value("""SELECT clock_timestamp() - last_idx_scan > '3 s'
        FROM pg_stat_user_indexes WHERE indexrelname = 'orders_day'"""), what="three seconds")
    report(runbook, server, "--evidence", "2s")
    found = report(runbook, server, "--evidence", "2s")
    assert found.verdict("orders_day") == CANDIDATE
    last = found.indexes["orders_day"]["last_scan"]
    assert f"since {last[:10]} {last[11:16]} UTC" in found.reason("orders_day")
    assert report(runbook, server, "--evidence", "1h").verdict("orders_day") is None, "too recent"


def test_every_database_has_evidence_of_its_own(runbook, server, fresh_server):
    """Another database, another cluster: nothing of it is known there."""
    other = fresh_server()
    for database in (server, other):
        make_orders(database, {"orders_day": "(day)"})
    report(runbook, server)
    let_days_pass(runbook, 40)
    assert report(runbook, other).verdict("orders_day") == YOUNG
    assert report(runbook, server).verdict("orders_day") == CANDIDATE


# ---- counters that are lost ------------------------------------------------------------------


@pytest.mark.parametrize("used", [True, False], ids=["counted", "zero"])
def test_counters_were_reset(runbook, server, orders, used):
    """Whether the counter went down or was 0 all the time: what it counted is not known."""
    scan(server, BY_DAY if used else BY_KEY)
    report(runbook, server)
    let_days_pass(runbook, 40)
    if not used:
        assert report(runbook, server).verdict("orders_day") == CANDIDATE
    server.sql("SELECT pg_stat_reset()")
    server.settle_stats()
    found = report(runbook, server)
    assert found.indexes["orders_day"]["scans"] == 0
    assert found.verdict("orders_day") == RESET
    assert report(runbook, server).verdict("orders_day") == RESET, "as long as the time lasts"
    let_days_pass(runbook, 31)
    assert report(runbook, server).verdict("orders_day") == CANDIDATE


def test_one_counter_was_reset(runbook, server, orders):
    scan(server, BY_DAY)
    report(runbook, server)
    let_days_pass(runbook, 40)
    server.sql("SELECT pg_stat_reset_single_table_counters('orders_day'::regclass)")
    server.settle_stats()
    assert report(runbook, server).verdict("orders_day") == RESET


@pytest.mark.parametrize("used", [True, False], ids=["counted", "zero"])
def test_crash(runbook, fresh_server, used):
    """Counters are lost by a crash, and nothing on the server says so where there are none that
    went down."""
    server = fresh_server()
    make_orders(server, {"orders_day": "(day)"})
    if used:
        scan(server, BY_KEY)
    report(runbook, server)
    let_days_pass(runbook, 40)
    assert report(runbook, server).verdict("orders_day") == CANDIDATE
    server.cluster.crash()
    server.cluster.start()
    wait_until(lambda: server.value("SELECT count(*) > 0 FROM pg_stat_database"))
    assert report(runbook, server).verdict("orders_day") == RESET


def test_a_restart_loses_nothing(runbook, fresh_server):
    server = fresh_server()
    make_orders(server, {"orders_day": "(day)"})
    scan(server, BY_KEY)
    report(runbook, server)
    let_days_pass(runbook, 40)
    server.cluster.restart()
    found = report(runbook, server)
    assert found.indexes["orders_pkey"]["scans"] == 1
    assert found.verdict("orders_day") == CANDIDATE
