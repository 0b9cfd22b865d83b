"""Borders of segments at which WAL is not as usual: a switch that runs over one, a record that a crash
has cut off behind one, what a standby's file holds behind a switch. None of that is another server's."""

from support.program import binary
from support.restoring import owners_runbook
from support.servers import ENDS, wait_until
from support.wal import (MIB, Stored, follow, lsn, promoted, receiving, repository_for,
                         segment_name, slot_lsn)

versions = ENDS
PAGE = 8192


def emit(server, length):
    """A record of 52 bytes and so many more, as long as these are fewer than 200."""
    server.sql(f"SELECT pg_logical_emit_message(false, 'x', repeat('y', {length}))")


def left(server):
    """How many bytes of the segment are left for WAL."""
    return -lsn(server.value("SELECT pg_current_wal_insert_lsn()")) % MIB


def fill(server, wanted):
    """Writes until so many are left, 8 or more."""
    for _ in range(1000):
        there = left(server)
        if there == wanted:
            return segment_name(1, lsn(server.value("SELECT pg_current_wal_insert_lsn()")), MIB)
        if there - wanted in range(56, 250):
            emit(server, there - wanted - 52)
        elif wanted < there < 600 + wanted:
            emit(server, 100)
        else:
            emit(server, there - 3 * PAGE if there > 6 * PAGE else 200)
    raise AssertionError("the place was not met")


def archived(server):
    return server.value("SELECT last_archived_wal FROM pg_stat_archiver") or ""


def archive(server, repo):
    """From now on into that repository; None: not any more."""
    command = f"{binary()} backup wal push --repo {repo} %p" if repo else ""
    server.sql(f"ALTER SYSTEM SET archive_command = '{command}'")
    server.sql("SELECT pg_reload_conf()")


def next_name(name):
    number = int(name[8:16], 16) * 4096 + int(name[16:], 16) + 1
    return segment_name(int(name[:8], 16), number * MIB, MIB)


def small(fresh_server, **settings):
    server = fresh_server(initdb=["--wal-segsize=1"], archive_mode="on", archive_command="",
                          **settings)
    return server, repository_for(server)


def check_archived(server, repo, name, runbook):
    wait_until(lambda: archived(server) >= name, what=f"{name}\n{server.cluster.log.read_text()}")
    assert runbook("backup", "verify", "--repo", repo).expect(0)


def test_a_switch_runs_over_the_border(fresh_server):
    """8 or 16 bytes of the switch's 24 stand in one segment, the rest and nothing else in the next."""
    server, repo = small(fresh_server)
    with owners_runbook(server) as runbook:
        archive(server, repo)
        for bytes_left in (8, 16):
            name = fill(server, bytes_left)
            server.sql("SELECT pg_switch_wal()")
            emit(server, 8)
            server.sql("SELECT pg_switch_wal()")
            check_archived(server, repo, next_name(next_name(name)), runbook)


def cut_off(server):
    """A record of some pages over the border, of which the server had written only the first page behind
    it when it crashed; the name of the segment before the border."""
    server.sql("CHECKPOINT")
    name = fill(server, 2000)
    emit(server, 60_000)
    server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
    server.cluster.crash()
    with open(server.cluster.data / "pg_wal" / next_name(name), "r+b") as file:
        file.seek(PAGE)
        file.write(bytes(MIB - PAGE))
    server.cluster.start()
    return name


def test_a_record_is_given_up_behind_the_border(fresh_server):
    server, repo = small(fresh_server)
    with owners_runbook(server) as runbook:
        name = cut_off(server)
        archive(server, repo)
        emit(server, 8)
        server.sql("SELECT pg_switch_wal()")
        check_archived(server, repo, next_name(name), runbook)


def test_a_receiver_goes_on_behind_a_record_that_was_given_up(fresh_server):
    """The second time it begins with the segment in which that was: what is stored before it is this
    server's."""
    server, repo = small(fresh_server)
    with owners_runbook(server) as runbook:
        server.sql("SELECT pg_create_physical_replication_slot('pgrunbook', true)")
        name = cut_off(server)
        archive(server, repo)
        wait_until(lambda: archived(server) >= name, what=name)
        archive(server, None)
        begin = (int(next_name(name)[16:], 16)) * MIB
        server.sql("SELECT pg_replication_slot_advance('pgrunbook', %s::pg_lsn)", [f"0/{begin:X}"])
        for turn in range(2):
            with receiving(runbook, server, repo) as receiver:
                receiver.await_durable()
                emit(server, 8)
                if turn == 1:
                    server.sql("SELECT pg_switch_wal()")
                server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
                receiver.await_durable()
                receiver.end()
        assert next_name(name) in Stored(repo).segments()
        assert runbook("backup", "verify", "--repo", repo).expect(0)


def switched(server):
    """The name of a segment that was switched, and where in it the switch ends."""
    emit(server, 8)
    place = lsn(server.value("SELECT pg_switch_wal()"))
    server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
    return segment_name(1, place, MIB), place % MIB


def breaks_behind_the_switch(standby, name, place):
    """What a file of before held stands behind it, as when the connection breaks there: the standby goes
    on with the next segment."""
    standby.cluster.stop()
    with open(standby.cluster.data / "pg_wal" / name, "r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * (MIB - place))
    standby.cluster.start()


def test_what_stands_behind_a_switch_is_nobodys(fresh_server):
    """Primary and standby archive the segment, and a receiver that follows the standby holds it against
    what is stored."""
    primary, repo = small(fresh_server, wal_keep_size="64MB")
    standby = fresh_server.standby(primary, archive_mode="always")
    with owners_runbook(primary) as runbook:
        standby.sql("SELECT pg_create_physical_replication_slot('pgrunbook', true)")
        for first, second in ((primary, standby), (standby, primary)):
            name, place = switched(primary)
            follow(standby, primary)
            breaks_behind_the_switch(standby, name, place)
            for server in first, second:
                archive(server, repo)
                wait_until(lambda: archived(server) >= name,
                           what=f"{name}\n{server.cluster.log.read_text()}")
            for server in first, second:
                archive(server, None)
        assert Stored(repo).bytes(name) == (primary.cluster.data / "pg_wal" / name).read_bytes()
        begin = int(name[16:], 16) * MIB
        with receiving(runbook, standby, repo) as receiver:
            wait_until(lambda: slot_lsn(standby) > begin + MIB, what="the receiver")
            receiver.end()
        assert runbook("backup", "verify", "--repo", repo).expect(0)


def add(server):
    """A commit, and no more WAL that belongs to it."""
    server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")


def test_a_standby_has_less_of_the_segment_in_which_a_timeline_was_left(fresh_server):
    """It was behind, and had the rest from the first segment of the new timeline. Its archiver is not
    kept by what it has of the old one's last, all of which is stored."""
    primary, repo = small(fresh_server, wal_keep_size="64MB")
    archive(primary, repo)
    add(primary)
    primary.sql("SELECT pg_switch_wal()")
    wait_until(lambda: archived(primary), what="the archiver")
    fetch = f"{binary()} backup wal fetch --repo {repo} %f %p"
    first = fresh_server.standby(primary)
    other = fresh_server.standby(primary, archive_mode="always", restore_command=fetch,
                                 wal_keep_size="0", min_wal_size="2MB", max_wal_size="2MB")
    archive(first, None)
    primary.sql("SELECT pg_switch_wal()")
    add(primary)
    follow(other, primary)
    other.cluster.stop()
    add(primary)
    follow(first, primary)
    name = primary.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
    primary.cluster.crash()
    archive(first, repo)
    promoted(first)
    first.sql("SELECT pg_switch_wal()")
    wait_until(lambda: "00000002" + name[8:] in Stored(repo).segments(), what="the new timeline")
    assert f"{name}.partial" in Stored(repo).files()
    with open(other.cluster.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
        file.write(f"primary_conninfo = 'host={first.cluster.folder} user=postgres'\n")
        file.write(f"archive_command = '{binary()} backup wal push --repo {repo} %p'\n")
    other.cluster.start()
    for _ in range(3):  # until a restart point would remove it
        add(first)
        first.sql("CHECKPOINT")
        first.sql("SELECT pg_switch_wal()")
        follow(other, first)
        other.sql("CHECKPOINT")
    last = first.value("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)")
    wait_until(lambda: archived(other) >= last and not other.value(
        f"SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name = '{name}.ready'"),
        what=f"the standby's {name}\n{other.cluster.log.read_text()}")
    assert f'"{name}" is not complete' not in other.cluster.log.read_text()
