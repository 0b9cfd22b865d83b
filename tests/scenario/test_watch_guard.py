"""The watch's one connection: held from the start, lost and back, by the emergency connection, on
the primary of several hosts; and of several watches one acts."""

import os
import signal
import socket
from pathlib import Path

import psycopg
import pytest
from support.connections import idle
from support.servers import wait_until
from support.watch import Watch, configure, make_role

pytestmark = pytest.mark.parametrize("version", [15])


@pytest.fixture
def watched(fresh_server):
    server = fresh_server(max_connections=20)
    make_role(server)
    server.sql("CREATE ROLE app LOGIN")
    return server


def processes(server):
    """The postmaster and all its children."""
    postmaster = int(Path(server.cluster.data, "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


def go_on(stopped):
    """The postmaster last: until then a child that had just ended is not gone."""
    for pid in reversed(stopped):
        os.kill(pid, signal.SIGCONT)


def test_it_looks_once_a_second_on_one_connection(runbook, watched):
    sessions = idle(watched, 3, user="app")
    watch = Watch(runbook, *configure(runbook, watched))
    up = watch.up()
    assert up["acts"] is True and up["holder"] is None and up["dbname"] == "postgres"
    assert up["in_recovery"] is False and up["emergency"] is False
    assert up["version_num"] // 10000 == watched.version and up["system_identifier"]
    sample = watch.samples(3)
    assert sample["max"] == 20 and sample["ordinary"] == 17
    assert sample["used"] >= len(sessions) and sample["idle"] >= 3 and sample["triggers"] == []
    guard = watched.value("""SELECT min(pid) FROM pg_stat_activity
        WHERE application_name = 'pgrunbook watch'""")
    for _ in range(20):
        assert len(watched.backends("pgrunbook watch")) <= 2
    # What an earlier watch may have left open is closed as soon as it is sure to be calm.
    for name in ("unreachable", "refused", "slots", "emergency", "blind"):
        watch.alarm(name, opened=False)
    assert watch.said("alarm", open=True) == []
    assert (guard,) in watched.sql("SELECT pid FROM pg_stat_activity")
    assert watch.stop().expect(130).err == ""
    wait_until(lambda: not watched.backends("pgrunbook watch"), what="the guard's end")


def test_lost_it_comes_back(runbook, watched):
    watch = Watch(runbook, *configure(runbook, watched))
    watch.up(acts=True)
    said = len(watch.lines)
    watched.sql("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'pgrunbook watch'""")
    watch.up(after=said, acts=True)
    watched.cluster.stop()
    down = watch.wait_for("state", state="down")
    assert down["reason"]
    assert watch.alarm("unreachable")["severity"] == "critical"
    watch.wait_for("beat", count=3)
    said = len(watch.lines)
    watched.cluster.start()
    watch.up(after=said, acts=True)
    watch.alarm("unreachable", opened=False, after=said)
    watch.stop().expect(130)


def test_a_server_that_stands_still(runbook, watched):
    """Every process is stopped: connections are taken by the system, and nobody answers."""
    watch = Watch(runbook, *configure(runbook, watched))
    watch.up()
    watch.samples(1)
    stopped = processes(watched)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert "stopped answering" in watch.wait_for("state", state="down")["reason"]
        watch.wait_for("beat")
        said = len(watch.lines)
    finally:
        go_on(stopped)
    watch.up(after=said)
    watch.samples(2)
    watch.stop().expect(130)


def test_full_at_the_start_it_comes_by_the_emergency_connection(runbook, watched):
    sessions = []
    with pytest.raises(psycopg.OperationalError):
        while True:
            sessions += idle(watched, 1, user="app")
    way = configure(runbook, watched, emergency_conninfo=watched.conninfo(user="postgres"))
    watch = Watch(runbook, *way)
    assert watch.up()["emergency"] is True
    watch.alarm("slots")
    assert "refused" in watch.samples(1)["triggers"]
    watch.alarm("refused")
    # Others may need it: with room again it goes back to the usual way in.
    said = len(watch.lines)
    for session in sessions:
        session.close()
    watch.up(after=said, emergency=False, acts=True)
    watch.alarm("slots", opened=False)
    watch.alarm("refused", opened=False)
    watch.stop().expect(130)


def test_of_two_one_acts_and_the_other_takes_over(runbook, watched):
    way = configure(runbook, watched)
    first = Watch(runbook, *way)
    first.up(acts=True)
    second = Watch(runbook, *way)
    assert "pgrunbook watch" in second.up(acts=False)["holder"]
    second.samples(2)
    assert second.said("state", acts=True) == []
    first.running.kill()
    assert second.up(acts=True)["holder"] is None
    second.stop().expect(130)


@pytest.fixture
def pair(fresh_server):
    """A primary and its standby."""
    primary = fresh_server(max_connections=20)
    make_role(primary)
    return primary, fresh_server.standby(primary)


def of_hosts(*places):
    hosts = ",".join(str(host) for host, _ in places)
    ports = ",".join(str(port) for _, port in places)
    return f"host={hosts} port={ports} dbname=postgres user=ops connect_timeout=2"


def place(server):
    return server.cluster.socket_dir, str(server.cluster.port)


def test_on_a_standby_alone_it_looks_and_never_acts(runbook, pair):
    _, standby = pair
    watch = Watch(runbook, *configure(runbook, standby))
    up = watch.up()
    assert up["in_recovery"] is True and up["acts"] is False and up["holder"] is None
    watch.samples(2)
    assert watch.said("state", acts=True) == []
    watch.stop().expect(130)


def test_of_several_hosts_it_finds_the_primary(runbook, pair):
    primary, standby = pair
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0)) # nobody listens
        places = [(host, port) for host, port in (silent.getsockname(), unused.getsockname())]
        way = of_hosts(*places, place(standby), place(primary))
        watch = Watch(runbook, *configure(runbook, primary, conninfo=way))
        up = watch.up(acts=True)
        assert up["host"] == place(primary)[0] and up["port"] == place(primary)[1]
        assert up["in_recovery"] is False
        check = runbook("vacuum", "plan", "--json", "--target", "shop", "--config",
                        runbook.home / "watch.conf").expect(0)
        assert check.json["server"]["database"] == "postgres"
    watch.stop().expect(130)


def test_where_nobody_answers_it_says_so_soon(runbook, watched):
    """However long the conninfo would wait."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(
            ("127.0.0.1", 0)) as other:
        way = of_hosts(one.getsockname(), other.getsockname()).replace("timeout=2", "timeout=60")
        watch = Watch(runbook, *configure(runbook, watched, conninfo=way))
        assert watch.wait_for("state", timeout=10, state="down")["reason"] == "not connected yet"
        watch.alarm("unreachable")
    watch.stop().expect(130)


def test_after_a_failover_it_follows(runbook, pair):
    primary, standby = pair
    way = of_hosts(place(primary), place(standby))
    watch = Watch(runbook, *configure(runbook, primary, conninfo=way))
    watch.up(acts=True, host=place(primary)[0])
    said = len(watch.lines)
    primary.cluster.stop()
    down = watch.wait_for("state", after=said, state="down")
    assert down["reason"]
    standby.sql("SELECT pg_promote()")
    up = watch.up(after=said, host=place(standby)[0], acts=True)
    assert up["in_recovery"] is False
    watch.stop().expect(130)


def test_from_a_primary_that_stands_still_it_goes_to_the_next(runbook, pair):
    primary, standby = pair
    way = of_hosts(place(primary), place(standby))
    watch = Watch(runbook, *configure(runbook, primary, conninfo=way))
    watch.up(acts=True, host=place(primary)[0])
    said = len(watch.lines)
    stopped = processes(primary)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        standby.sql("SELECT pg_promote()")
        watch.up(after=said, host=place(standby)[0], acts=True)
        watch.samples(2)
    finally:
        go_on(stopped)
    assert "stopped answering" in watch.wait_for("state", after=said, state="down")["reason"]
    watch.stop().expect(130)
