"""Every node counts for itself: an index that nobody uses on the primary may carry all reports of
a replica. It is unused only when every node says so, and a node that cannot say makes it unknown."""

import subprocess

import pytest
from support.indexes import (CANDIDATE, DUPLICATE, YOUNG, Report, exists, let_days_pass,
                             make_orders, observed, report, scan)
from support.servers import Server, start_cluster, wait_until

BY_DAY = "SELECT count(note) FROM orders WHERE day = 3"
UNLISTED = "unknown: a standby is attached that replicas does not list"


def caught_up(standby):
    return exists(standby, "orders_day")


def streams(primary, count=1):
    return primary.value("""SELECT count(*) FROM pg_stat_replication
        WHERE replay_lsn IS NOT NULL""") == count


@pytest.fixture
def nodes(fresh_server):
    """A function: a primary with `orders_day`, and so many standbys of it."""
    def nodes(count=1, **options):
        primary = fresh_server(**options)
        standbys = [fresh_server.standby(primary) for _ in range(count)]
        make_orders(primary, {"orders_day": "(day)"})
        for standby in standbys:
            wait_until(lambda node=standby: caught_up(node), what="the replay")
        wait_until(lambda: streams(primary, count), what="the standbys' first word")
        return [primary, *standbys]
    return nodes


def host(server):
    return server.cluster.socket_dir


def listed(*servers):
    return [word for server in servers for word in ("--replica", host(server))]


def scan_there(standby, times=1):
    """A standby cannot make marks of its own: its counter itself says when it has counted."""
    before = scans(standby)
    for _ in range(times):
        standby.sql(f"SET enable_seqscan = off; {BY_DAY}")
    wait_until(lambda: scans(standby) == before + times, what="the counter")


def scans(server):
    return server.value("""SELECT idx_scan FROM pg_stat_user_indexes
        WHERE indexrelname = 'orders_day'""")


def configured(runbook, primary, *replicas):
    """Options that name a target in a file with these replicas."""
    file = runbook.home / "targets.conf"
    entries = f"replicas = {', '.join(replicas)}\n" if replicas else ""
    file.write_text(f"[target shop]\nconninfo = {primary.conninfo()}\n{entries}", encoding="utf-8")
    return ["--config", file, "--target", "shop"]


# ---- used there, or not ----------------------------------------------------------------------


def test_used_on_the_replica(runbook, nodes):
    """As an option and as a setting of the target; without the use it is a drop-candidate."""
    primary, standby = nodes()
    target = configured(runbook, primary, host(standby))
    assert observed(runbook, primary, *listed(standby)).verdict("orders_day") == CANDIDATE
    assert observed(runbook, None, *target).verdict("orders_day") == CANDIDATE
    scan_there(standby)
    by_option = report(runbook, primary, "--evidence", 0, *listed(standby))
    assert by_option.verdict("orders_day") == f"keep: used on {host(standby)}"
    assert by_option.indexes["orders_day"]["scans"] == 0
    scan_there(standby)
    by_setting = report(runbook, None, "--evidence", 0, *target)
    assert by_setting.verdict("orders_day") == f"keep: used on {host(standby)}"
    text = runbook("indexes", "report", "--evidence", "30d", *target).expect(0).out
    assert f"keep: used on {host(standby)}" in text, "without -v too"


def test_used_on_one_of_two(runbook, nodes):
    primary, first, second = nodes(2)
    options = listed(first, second)
    found = observed(runbook, primary, *options, meanwhile=lambda: scan_there(second))
    assert found.verdict("orders_day") == f"keep: used on {host(second)}"
    assert found.document["standbys_attached"] == 2
    assert observed(runbook, primary, *options).verdict("orders_day") == CANDIDATE


def test_long_enough_on_every_node(runbook, nodes):
    """The primary was watched for forty days; the replica joins them today."""
    primary, standby = nodes()
    report(runbook, primary)
    let_days_pass(runbook, 40)
    assert report(runbook, primary, *listed(standby)).verdict("orders_day") == YOUNG
    let_days_pass(runbook, 40)
    found = report(runbook, primary, *listed(standby))
    assert found.verdict("orders_day") == CANDIDATE
    assert "on 2 nodes" in found.reason("orders_day")
    assert found.nodes[host(standby)]["samples"] == 2
    assert found.nodes["primary"]["samples"] == 3


@pytest.mark.parametrize("version", [15])
def test_the_other_way_round(runbook, nodes):
    """Used on the primary, not on the replica: there is nothing to say."""
    primary, standby = nodes()
    found = observed(runbook, primary, *listed(standby),
                     meanwhile=lambda: scan(primary, BY_DAY))
    assert found.verdict("orders_day") is None


def test_counters_of_the_replica_were_lost(runbook, nodes):
    primary, standby = nodes()
    report(runbook, primary, *listed(standby))
    let_days_pass(runbook, 40)
    assert report(runbook, primary, *listed(standby)).verdict("orders_day") == CANDIDATE
    standby.cluster.crash()
    standby.cluster.start()
    wait_until(lambda: streams(primary), what="the standby's first word")
    assert (report(runbook, primary, *listed(standby)).verdict("orders_day") ==
            f"unknown: the counters of {host(standby)} were reset")


# ---- how it is named -------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15, 18])
def test_names_of_a_replica(runbook, nodes):
    """HOST and HOST:PORT go with the rest of the target's connection, a string goes alone."""
    primary, standby = nodes(1, tcp=True, hba=["host all all 127.0.0.1/32 trust"])
    port = standby.cluster.port
    there = f"127.0.0.1:{port}"
    scan_there(standby)
    for entry, name in (
            (there, there), (f"{host(standby)}:{port}", f"{host(standby)}:{port}"),
            (f"host=127.0.0.1 port={port} user=postgres dbname=postgres", there),
            (f"postgresql://postgres@{there}/postgres", there),
            (standby.conninfo(), f"{host(standby)}:{port}")):
        found = report(runbook, primary, "--replica", entry)
        assert found.err == ""
        assert found.verdict("orders_day") == f"keep: used on {name}"
        by_setting = report(runbook, None, *configured(runbook, primary, f'"{entry}"'))
        assert by_setting.verdict("orders_day") == f"keep: used on {name}"


@pytest.mark.parametrize("version", [15])
def test_the_option_goes_before_the_setting(runbook, nodes):
    primary, standby = nodes()
    target = configured(runbook, primary, "/nonexistent")
    found = report(runbook, None, *target, *listed(standby))
    assert set(found.nodes) == {"primary", host(standby)}


# ---- not seen --------------------------------------------------------------------------------


def not_seen(found, name):
    """The verdict is unknown, for the reason that stands beside the node and in a warning."""
    assert found.verdict("orders_day") == f"unknown: replica {name} not seen"
    node = found.nodes[name]
    assert not node["seen"] and node["samples"] == 0
    assert node["reason"] in found.reason("orders_day")
    assert f"warning: replica {name} was not seen: {node['reason']}" in found.err
    return node["reason"]


def test_replica_that_is_down(runbook, nodes):
    primary, standby = nodes()
    observed(runbook, primary, *listed(standby))
    standby.cluster.stop()
    found = report(runbook, primary, "--evidence", 0, *listed(standby))
    assert found.verdict("orders_pkey") == "keep: primary key"
    assert found.verdict("orders_day") == f"unknown: replica {host(standby)} not seen"
    assert f"replica {host(standby)} was not seen" in found.err
    standby.cluster.start()
    wait_until(lambda: streams(primary), what="the standby's first word")
    # Its evidence was kept meanwhile; but a standby of 14 loses its counters by every restart.
    back = report(runbook, primary, "--evidence", 0, *listed(standby)).verdict("orders_day")
    assert back == (CANDIDATE if primary.version >= 15 else
                    f"unknown: the counters of {host(standby)} were reset")


@pytest.mark.parametrize("version", [14, 17])
def test_used_elsewhere_although_one_is_down(runbook, nodes):
    """What is known to be in use stays, whoever is away."""
    primary, first, second = nodes(2)
    scan_there(second)
    first.cluster.stop()
    found = report(runbook, primary, *listed(first, second))
    assert found.verdict("orders_day") == f"keep: used on {host(second)}"


@pytest.fixture
def stranger(version):
    """A server of another version: those of one version have one origin, and its identifier."""
    cluster = start_cluster(15 if version != 15 else 16)
    yield Server(cluster)
    cluster.remove()


@pytest.mark.parametrize("version", [15, 18])
def test_what_is_no_replica_of_this(runbook, nodes, stranger):
    primary, standby = nodes()
    primary.sql("CREATE DATABASE other")
    wait_until(lambda: standby.sql("SELECT 1 FROM pg_database WHERE datname = 'other'"),
               what="the replay")
    for entry, name, reason in (
            (host(stranger), host(stranger), "it belongs to another cluster"),
            (host(primary), host(primary), "it is no standby"),
            (f"host={host(standby)} user=postgres dbname=other", host(standby),
             'its database is "other"'),
            ("/nonexistent", "/nonexistent", "/nonexistent"),
            ("host=/nonexistent dbname=postgres", "/nonexistent", "/nonexistent")):
        assert reason in not_seen(report(runbook, primary, "--replica", entry), name)


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("entry", ["", "host=x nonsense=1", "postgresql://[", "=", ":5432"])
def test_entries_that_are_none(runbook, nodes, entry):
    primary, _ = nodes()
    result = runbook("indexes", "report", "--json", "--replica", entry, server=primary)
    result.expect(0, 2)
    assert "warning: replica" in result.err or "error: " in result.err
    if result.code == 0:
        assert Report(result).verdict("orders_day").startswith("unknown: ")


# ---- standbys that nobody listed -------------------------------------------------------------


def test_a_standby_that_is_not_listed(runbook, nodes):
    primary, first, second = nodes(2)
    assert observed(runbook, primary).verdict("orders_day") == UNLISTED
    found = observed(runbook, primary, *listed(first))
    assert found.verdict("orders_day") == UNLISTED
    assert "2 standbys attached, 1 seen" in found.reason("orders_day")
    assert observed(runbook, primary, *listed(first, second)).verdict("orders_day") == CANDIDATE
    # One server under two names is not two servers.
    again = observed(runbook, primary, *listed(first), "--replica", first.conninfo(),
                     "--replica", f"{host(first)}:5432")
    assert again.verdict("orders_day").startswith("unknown: replica ")
    assert again.nodes[f"{host(first)}:5432"]["reason"] == f"it is the same server as {host(first)}"


@pytest.mark.parametrize("version", [14, 17])
def test_a_standby_of_a_standby(runbook, nodes, fresh_server):
    primary, middle = nodes()
    last = fresh_server.standby(middle)
    wait_until(lambda: caught_up(last), what="the replay")
    wait_until(lambda: streams(middle), what="the standby's first word")
    assert observed(runbook, primary, *listed(middle)).verdict("orders_day") == UNLISTED
    found = observed(runbook, primary, *listed(middle, last))
    assert found.verdict("orders_day") == CANDIDATE
    assert found.document["standbys_attached"] == 2


@pytest.mark.parametrize("version", [15])
def test_whoever_only_copies_the_log_uses_no_index(runbook, fresh_server, tmp_path):
    primary = fresh_server()
    make_orders(primary, {"orders_day": "(day)"})
    receiver = subprocess.Popen(["pg_receivewal", "-D", tmp_path, "-d", primary.conninfo()],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: primary.value("SELECT count(*) FROM pg_stat_replication") == 1,
                   what="pg_receivewal")
        found = observed(runbook, primary)
    finally:
        receiver.terminate()
        receiver.wait(30)
    assert found.verdict("orders_day") == CANDIDATE
    assert found.document["standbys_attached"] == 0


# ---- asked on a standby ----------------------------------------------------------------------


def test_a_report_on_a_standby(runbook, nodes):
    """It comes, but what nobody uses there says nothing; no sample is kept of it, which would
    pass for one of the primary."""
    primary, standby = nodes()
    primary.sql("CREATE INDEX orders_day_too ON orders (day)")
    wait_until(lambda: exists(standby, "orders_day_too"), what="the replay")
    for _ in range(2):
        found = report(runbook, standby, "--evidence", 0)
        assert found.verdict("orders_day") == "unknown: this is a standby, ask the primary"
        assert found.verdict("orders_pkey") == "keep: primary key"
        assert found.verdict("orders_day_too", DUPLICATE) == CANDIDATE
        assert found.nodes["primary"]["samples"] == 1
    runbook("indexes", "report", server=standby).expect(0)
    assert report(runbook, primary).nodes["primary"]["samples"] == 1
