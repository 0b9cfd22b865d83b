"""Two servers of one cluster that write into one repository, by mistake or because one has just taken
over: what was acknowledged of one stays, and the WAL of the two never becomes one."""

import shutil
from contextlib import ExitStack, contextmanager

from pgcluster_files import give_to_server_user
from support.physical import backups
from support.program import binary
from support.repository import begun
from support.restoring import Stage, owners_runbook
from support.servers import ENDS, Server, wait_until
from support.wal import (SEGMENT, Stored, check_acknowledged, clone_of, flushed, follow, lsn,
                         promoted, receiving, repository_for, segment_name, slot_lsn, write_wal)

versions = ENDS


def push(runbook, repo, path, code=0):
    return runbook("backup", "wal", "push", "--repo", repo, path).expect(code)


def push_to(repo):
    return f"{binary()} backup wal push --repo {repo} %p"


def archive(server, repo):
    server.sql(f"ALTER SYSTEM SET archive_command = '{push_to(repo)}'")
    server.sql("SELECT pg_reload_conf()")


def switch(server, times=1):
    """Ends so many segments; the name of the last."""
    for _ in range(times):
        server.sql("SELECT pg_logical_emit_message(true, 'x', 'y')")
        name = server.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
        server.sql("SELECT pg_switch_wal()")
    return name


def failed(server):
    return server.value("SELECT failed_count FROM pg_stat_archiver")


@contextmanager
def cloned(fresh_server):
    """A server whose WAL is received, and a copy of it that is not started yet; the repository."""
    server = fresh_server(archive_mode="on", archive_command="false")
    repo = repository_for(server)
    with owners_runbook(server) as runbook:
        write_wal(server, 1)
        server.cluster.stop()
        with clone_of(server) as cluster:
            server.cluster.start()
            with receiving(runbook, server, repo) as receiver:
                wait_until(lambda: slot_lsn(server), what="the slot")
                yield server, cluster, repo, receiver


def test_a_clone_takes_nothing_from_what_has_arrived(fresh_server):
    """A clone of production on the same timeline, with production's archive_command."""
    with cloned(fresh_server) as (server, cluster, repo, receiver):
        write_wal(server, 1000)
        receiver.await_durable()
        arriving = segment_name(1, flushed(server)) + ".partial"
        place = flushed(server) % SEGMENT
        kept = Stored(repo).bytes(arriving)[:place]
        clone = Server(cluster.start())
        archive(clone, repo)
        write_wal(clone, 10)
        switch(clone, 4)
        wait_until(lambda: failed(clone), what="the clone's archiver")
        wait_until(lambda: "has other WAL of" in cluster.log.read_text(), what="the reason")
        assert arriving.removesuffix(".partial") not in Stored(repo).segments()
        assert Stored(repo).bytes(arriving)[:place] == kept
        # The server's own is taken, by the receiver and by archive_command.
        archive(server, repo)
        switch(server, 2)
        write_wal(server, 10)
        receiver.await_durable()
        check_acknowledged(server, repo)
        name = arriving.removesuffix(".partial")
        wait_until(lambda: (server.value("SELECT last_archived_wal FROM pg_stat_archiver")
                            or "") > name, what="the archiver")
        assert "has other WAL of" not in server.cluster.log.read_text()
        assert Stored(repo).bytes(name)[:place] == kept
        receiver.end()


def test_a_clone_that_was_first_gets_no_acknowledgement_for_the_other(fresh_server):
    """What the clone has stored of a segment contradicts nothing then; what the server goes on with
    does, and is not acknowledged."""
    with cloned(fresh_server) as (server, cluster, repo, receiver):
        clone = Server(cluster.start())
        receiver.await_durable()
        before = slot_lsn(server)
        write_wal(clone, 10)
        name = clone.value("SELECT pg_walfile_name(pg_current_wal_lsn())")
        switch(clone)
        archive(clone, repo)
        wait_until(lambda: name in Stored(repo).segments(), what="the clone's segment")
        write_wal(server, 1000)
        wait_until(lambda: "another" in receiver.said(), what="the refusal")
        assert slot_lsn(server) <= before


def twins(fresh_server):
    """Two standbys that were promoted at the same place; their primary is gone."""
    primary = fresh_server(wal_keep_size="256MB", archive_mode="on", archive_command="false")
    write_wal(primary, 1)
    one, other = fresh_server.standby(primary), fresh_server.standby(primary)
    follow(one, primary)
    follow(other, primary)
    primary.cluster.stop()
    promoted(one)
    promoted(other)
    return one, other


def test_the_wal_of_two_twins_never_becomes_one(fresh_server):
    """Their histories are the same, byte for byte. One is received, and the other's archive_command is
    two segments ahead."""
    with ExitStack() as stack:
        one, other = twins(fresh_server)
        histories = [(server.cluster.data / "pg_wal" / "00000002.history").read_bytes()
                     for server in (one, other)]
        assert histories[0] == histories[1]
        repo = repository_for(one)
        runbook = stack.enter_context(owners_runbook(one))
        with receiving(runbook, one, repo) as receiver:
            wait_until(lambda: slot_lsn(one), what="the slot")
            receiver.await_durable()
            receiver.end()
        before = slot_lsn(one)
        write_wal(other, 10)
        switch(other)
        write_wal(other, 10)
        last = switch(other)
        for path in Stored(repo).folder.glob("00000002/*.partial*"):
            path.unlink()  # as if one had had nothing of its own there yet
        archive(other, repo)
        wait_until(lambda: last in Stored(repo).segments(), what="the other's segments")
        stored = Stored(repo).files()
        for _ in range(2):
            with receiving(runbook, one, repo) as receiver:
                write_wal(one, 10)
                switch(one)
                write_wal(one, 10)
                switch(one)
                write_wal(one, 10)
                wait_until(lambda: "has another" in receiver.said() or not receiver.running(),
                           what="the refusal")
            assert receiver.said().count("has another") >= 1
            receiver.log.unlink()
            assert slot_lsn(one) <= before
            assert {name for name in Stored(repo).files() if name > last} == set()
        assert Stored(repo).files().keys() >= stored.keys()
        # The wrong one's files are moved away by hand, and it goes on.
        other.cluster.stop()
        for path in Stored(repo).folder.glob("00000002/0*"):
            path.unlink()
        with receiving(runbook, one, repo) as receiver:
            write_wal(one, 10)
            receiver.await_durable()
            check_acknowledged(one, repo, timeline=2, first=before)
            receiver.end()


def test_a_border_between_two_servers_is_damage(fresh_server, runbook, tmp_path):
    """Segments of one timeline of which the second does not go on where the first ended: found by
    reading, whoever has put them there."""
    with ExitStack() as stack:
        one, other = twins(fresh_server)
        repo = repository_for(one)
        write_wal(one, 10)
        write_wal(other, 300)
        names = [switch(one)]
        assert switch(other) == names[0]
        names.append(switch(one))
        assert switch(other) == names[1]
        wal, elsewhere = other.cluster.data / "pg_wal", begun(tmp_path / "elsewhere")
        push(runbook, repo, wal / "00000002.history")
        push(runbook, repo, one.cluster.data / "pg_wal" / names[0])
        assert f"another {names[0]}" in push(runbook, repo, wal / names[1], code=1).err
        # By whatever way it came: a copy of files, an earlier version.
        push(runbook, elsewhere, wal / names[1])
        shutil.copy(Stored(elsewhere).files()[names[1]], Stored(repo).files()[names[0]].parent)
        said = runbook("backup", "verify", "--repo", repo)
        assert said.code == 1, said.out + said.err
        assert names[0] in said.out and names[1] in said.out and "does not go on" in said.out
        # Nor does a receiver go on behind it, whose server's slot begins there.
        (Stored(repo).files()[names[0]]).unlink()
        one.sql("CHECKPOINT; SELECT pg_create_physical_replication_slot('pgrunbook', true)")
        before = slot_lsn(one)
        assert segment_name(2, before) > names[1]
        owner = stack.enter_context(owners_runbook(one))
        give_to_server_user(repo)
        with receiving(owner, one, repo) as receiver:
            write_wal(one, 10)
            wait_until(lambda: f"another {names[1]}" in receiver.said(), what="the refusal")
            assert slot_lsn(one) <= before
        assert max(Stored(repo).files()) == names[1]


def stored_from(runbook, server, name, folder):
    """The segment as `wal push` stores it, in a repository of its own; its file."""
    push(runbook, begun(folder), server.cluster.data / "pg_wal" / name)
    return Stored(folder).files()[name]


def test_a_backup_that_needs_the_wal_of_two_servers_is_damaged(fresh_server, runbook, tmp_path):
    """Each of its segments is as it was stored; a recovery ends between them, before the backup's end."""
    one, other = twins(fresh_server)
    repo = repository_for(one)
    write_wal(other, 300)
    running = runbook.start("backup", "create", "--repo", repo, "--max-rate", "8MB", server=one)
    wait_until(lambda: one.sql("SELECT 1 FROM pg_stat_progress_basebackup "
                               "WHERE phase LIKE 'streaming%' AND backup_streamed > 1000000"),
               what="a backup under way")
    first = switch(one)
    running.wait().expect(0)
    (backup,) = backups(repo)
    last = segment_name(2, lsn(backup.manifest["stop_lsn"]))
    assert segment_name(2, lsn(backup.manifest["start_lsn"])) <= first < last
    runbook("backup", "verify", backup.folder.name, "--repo", repo).expect(0)
    while switch(other) < last:
        pass
    file = stored_from(runbook, other, last, tmp_path / "elsewhere")
    folder = Stored(repo).files()[first].parent
    for path in folder.glob(f"{last}*"):
        path.unlink()
    shutil.copy(file, folder)
    for what in [backup.folder.name], []:
        said = runbook("backup", "verify", *what, "--repo", repo)
        assert said.code == 1, said.out + said.err
        assert f"{last}, which it needs, does not go on" in said.out
        (listed,) = runbook("backup", "list", "--json", "--repo", repo).json["backups"]
        assert listed["proof"] == "damaged"


def test_a_timeline_that_left_another_server_is_damage(fresh_server, runbook, tmp_path):
    """A copy that wrote on timeline 1 by itself, and then was promoted: its timeline 2 does not go on
    where timeline 1 of the repository, another server's, ends."""
    server = fresh_server(wal_keep_size="256MB")
    repo = repository_for(server)
    write_wal(server, 10)
    server.cluster.stop()
    with clone_of(server) as cluster:
        server.cluster.start()
        clone = Server(cluster.start())
        write_wal(clone, 300)
        before = switch(server)
        assert switch(clone) == before
        write_wal(clone, 10)
        clone.cluster.stop()
        (cluster.data / "standby.signal").touch()
        give_to_server_user(cluster.data / "standby.signal")
        clone = Server(cluster.start())
        promoted(clone)
        after = switch(clone)
        wal = cluster.data / "pg_wal"
        assert int(after[8:], 16) == int(before[8:], 16) + 1 and after.startswith("00000002")
        push(runbook, repo, wal / "00000002.history")
        push(runbook, repo, wal / after)
        for whose, code in (wal, 0), (server.cluster.data / "pg_wal", 1):
            push(runbook, repo, whose / before)
            said = runbook("backup", "verify", "--repo", repo)
            assert said.code == code, said.out + said.err
            assert ("does not go on where" in said.out) == (code == 1)
            Stored(repo).files()[before].unlink()


def test_what_was_stored_before_need_not_be_there_any_more(fresh_server):
    """Neither on the server nor unharmed: it is looked at, and that is all."""
    server = fresh_server(wal_keep_size="0", min_wal_size="32MB", max_wal_size="32MB")
    repo = repository_for(server)
    with ExitStack() as stack:
        runbook = stack.enter_context(owners_runbook(server))
        with receiving(runbook, server, repo) as receiver:
            wait_until(lambda: slot_lsn(server), what="the slot")
            switch(server)
            last = switch(server)
            write_wal(server, 10)
            receiver.await_durable()
            receiver.end()
        for harmed in False, True:
            (partial,) = [path for name, path in Stored(repo).files().items()
                          if name.endswith(".partial")]
            for path in partial.parent.glob("*.partial.*"):
                path.unlink()
            if harmed:
                path = Stored(repo).files()[last]
                path.write_bytes(path.read_bytes()[:200])
            else:
                # As if it had been removed; the slot does not need it.
                (server.cluster.data / "pg_wal" / last).rename(server.cluster.folder / last)
            with receiving(runbook, server, repo) as receiver:
                write_wal(server, 10)
                receiver.await_durable()
                check_acknowledged(server, repo, first=slot_lsn(server) // SEGMENT * SEGMENT)
                assert ("is damaged" in receiver.said()) == harmed
                receiver.end()
            if not harmed:
                (server.cluster.folder / last).rename(server.cluster.data / "pg_wal" / last)
            assert "is broken from" not in receiver.said() and not Stored(repo).broken()


def test_a_receiver_without_its_primary_blocks_nobody(fresh_server):
    """It holds the lock and tries to connect; the new primary archives the end of the old timeline,
    of which it has more."""
    primary = fresh_server(archive_mode="on", archive_command="false", wal_keep_size="256MB")
    standby = fresh_server.standby(primary)
    repo = repository_for(primary)
    with ExitStack() as stack:
        runbook = stack.enter_context(owners_runbook(primary))
        archive(primary, repo)
        archive(standby, repo)
        with receiving(runbook, primary, repo) as receiver:
            wait_until(lambda: slot_lsn(primary), what="the slot")
            write_wal(primary, 100)
            receiver.await_durable()
            receiver.pause()
            write_wal(primary, 100)
            follow(standby, primary)
            primary.cluster.crash()
            receiver.resume()
            promoted(standby)
            write_wal(standby, 10)
            name = switch(standby)
            wait_until(lambda: name in Stored(repo).segments(), 60, what="timeline 2")
            assert name.startswith("00000002") and receiver.running()
            (line,) = (standby.cluster.data / "pg_wal" / "00000002.history"
                       ).read_text().splitlines()
            fork = lsn(line.split("\t")[1])
            partial = segment_name(1, fork) + ".partial"
            there = Stored(repo).bytes(partial)[:fork % SEGMENT]
            assert there == (standby.cluster.data / "pg_wal" / partial
                             ).read_bytes()[:fork % SEGMENT]


def test_a_standby_that_lags_is_followed(fresh_server):
    """The repository is further than the standby that the receiver is pointed to."""
    primary = fresh_server(wal_keep_size="256MB")
    standby = fresh_server.standby(primary)
    repo = repository_for(primary)
    with ExitStack() as stack:
        runbook = stack.enter_context(owners_runbook(primary))
        with receiving(runbook, primary, repo) as receiver:
            wait_until(lambda: slot_lsn(primary), what="the slot")
            switch(primary)
            follow(standby, primary)
            standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
            standby.sql("SELECT pg_reload_conf()")
            wait_until(lambda: not standby.value("SELECT count(*) FROM pg_stat_wal_receiver"),
                       what="the end of the replication")
            switch(primary, 3)
            write_wal(primary, 10)
            receiver.await_durable()
            receiver.end()
        receiver.log.unlink()
        with receiving(runbook, standby, repo) as receiver:
            wait_until(lambda: "receiving WAL from" in receiver.said(), what="the stream")
            write_wal(primary, 10)
            place = flushed(primary)
            standby.sql("ALTER SYSTEM RESET primary_conninfo")
            standby.sql("SELECT pg_reload_conf()")
            wait_until(lambda: slot_lsn(standby) >= place or not receiver.running(), 40,
                       what="the standby's WAL")
            receiver.end()
        assert standby.value("SELECT count(*) FROM pg_replication_slots") == 1


def test_a_standby_that_lags_is_promoted(fresh_server):
    """In a segment that its primary had archived as a whole: what is held against that tells no more of
    it when the timeline is left, and what is received of the new one is acknowledged."""
    primary = fresh_server(wal_keep_size="256MB", archive_mode="on", archive_command="")
    repo = repository_for(primary)
    standby = fresh_server.standby(primary)
    with owners_runbook(primary) as runbook:
        standby.sql("SELECT pg_create_physical_replication_slot('pgrunbook', true)")
        write_wal(primary, 10)
        follow(standby, primary)
        standby.cluster.stop()
        archive(primary, repo)
        name = switch(primary)
        wait_until(lambda: name in Stored(repo).segments(), what="the archiver")
        primary.cluster.crash()
        standby.cluster.start()
        with receiving(runbook, standby, repo) as receiver:
            wait_until(lambda: "receiving WAL" in receiver.said(), what="the receiver")
            promoted(standby)
            write_wal(standby, 10)
            receiver.await_durable()
            receiver.end()


def test_a_receiver_that_never_began_leaves_no_slot(fresh_server, runbook, tmp_path):
    server = fresh_server(hba=["local replication all reject"])
    begun(tmp_path / "repo")
    failure = runbook("backup", "wal", "receive", "--repo", tmp_path / "repo", server=server)
    assert failure.code != 0 and "pg_hba.conf rejects" in failure.err, failure.err
    assert server.value("SELECT count(*) FROM pg_replication_slots") == 0


def test_a_new_timeline_is_shown_when_it_has_something_of_its_own(fresh_server):
    """It begins with a copy of the old one's WAL; as long as it has arrived no further than the fork it
    would hide the old one, which has more."""
    primary = fresh_server(wal_keep_size="256MB")
    standby = fresh_server.standby(primary)
    repo = repository_for(primary)
    with ExitStack() as stack:
        runbook = stack.enter_context(owners_runbook(primary))
        with receiving(runbook, primary, repo) as receiver:
            wait_until(lambda: slot_lsn(primary), what="the slot")
            write_wal(primary, 80_000)
            receiver.await_durable()
            follow(standby, primary)
            primary.cluster.stop()
        promoted(standby)
        (line,) = (standby.cluster.data / "pg_wal" / "00000002.history").read_text().splitlines()
        fork = lsn(line.split("\t")[1])
        first = segment_name(2, fork) + ".partial"
        assert first not in Stored(repo).files()
        with receiving(runbook, standby, repo) as receiver:
            while first not in Stored(repo).files():
                assert receiver.running(), receiver.said()
            assert any(Stored(repo).bytes(first)[fork % SEGMENT:fork % SEGMENT + 24])
            receiver.await_durable()
            receiver.end()


def test_what_a_left_timeline_went_on_with_is_not_replayed(fresh_server):
    """Of the new timeline there is only its history yet, or its copy of the old one's WAL; the old primary
    has gone on in the same segment, and archived it. It ends where the old timeline was left."""
    stage = Stage(fresh_server, wal_keep_size="256MB")
    primary = stage.server
    standby = fresh_server.standby(primary)
    standby.sql("ALTER SYSTEM SET archive_command = 'false'")
    standby.sql("SELECT pg_reload_conf()")
    stage.back_up()
    primary.sql("CREATE TABLE story (line text); INSERT INTO story VALUES ('of both')")
    follow(standby, primary)
    promoted(standby)
    wal = standby.cluster.data / "pg_wal"
    (line,) = (wal / "00000002.history").read_text().splitlines()
    fork = lsn(line.split("\t")[1])
    primary.sql("INSERT INTO story VALUES ('left behind')")
    stage.archive()
    name = segment_name(2, fork)
    place = fork % SEGMENT
    copied = (wal / name).read_bytes()[:place] + bytes(SEGMENT - place)
    partial = stage.folder / f"{name}.partial"
    partial.write_bytes(copied)
    give_to_server_user(partial)
    push(stage.runbook, stage.repo, wal / "00000002.history")
    # Where WAL behind it is there it is a gap, and no end.
    assert switch(standby) == name
    behind = switch(standby)
    push(stage.runbook, stage.repo, wal / behind)
    fetch = ["backup", "wal", "fetch", "--repo", stage.repo, name, stage.folder / "fetched"]
    assert "WAL is missing" in stage.runbook(*fetch).expect(126).err
    Stored(stage.repo).files()[behind].unlink()
    stage.runbook(*fetch).expect(0)
    assert (stage.folder / "fetched").read_bytes() == copied
    primary.cluster.stop()
    for number in range(2):
        document = stage.restore(str(number))
        assert lsn(document["landed"]["lsn"]) == fork and document["restored"]["new_timeline"] == 3
        with stage.started(str(number)) as restored:
            assert restored.sql("SELECT line FROM story") == [("of both",)]
        push(stage.runbook, stage.repo, partial)
    # Who wants the old one's gets it.
    stage.restore("old", "--timeline", "1")
    with stage.started("old") as restored:
        assert restored.sql("SELECT line FROM story") == [("of both",), ("left behind",)]
