"""Segments of 256 MB: what is done with them takes no more memory than the section promises,
whatever `initdb --wal-segsize` said."""

import filecmp
import subprocess

import pytest

from pgcluster_files import as_server_user
from support.physical import DEBIAN
from support.program import sanitized
from support.repository import begun
from support.wal import MIB, Stored, lsn, receiving, segment_name

versions = [15]
SIZE, MOST = 256 * MIB, 150 * MIB
# More WAL than a segment has, which does not compress to nothing.
FILL = """DO $$
    DECLARE text text := (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 262144) i);
    BEGIN
        FOR i IN 1..34 LOOP
            PERFORM pg_logical_emit_message(false, 'x', text);
        END LOOP;
    END $$"""


@pytest.fixture
def large(fresh_server):
    server = fresh_server(min_wal_size="512MB", max_wal_size="2GB", wal_keep_size="2GB")
    server.cluster.stop()
    subprocess.run([DEBIAN / "pg_resetwal", "--wal-segsize=256", "-D", server.cluster.data],
                   check=True, stdout=subprocess.DEVNULL, **as_server_user())
    server.cluster.start()
    return server


@pytest.fixture
def bounded():
    """Takes (what, bytes), and judges them all at the end."""
    peaks = []
    yield lambda *peak: peaks.append(peak)
    if sanitized():
        pytest.skip("NOT MEASURED: a sanitizer's own memory hides the program's; "
                    "all else was tested")
    assert peaks and all(peak < MOST for _, peak in peaks), \
        ", ".join(f"{what} {peak / MIB:.0f} MiB" for what, peak in peaks)


def current(server):
    place = lsn(server.value("SELECT pg_current_wal_lsn()::text"))
    return segment_name(1, place, SIZE)


def test_pushed_again_fetched_verified_and_planned_with(large, runbook, tmp_path, bounded):
    key, config = tmp_path / "key", tmp_path / "conf"
    key.write_text("7" * 64)
    key.chmod(0o600)
    config.write_text(f"[pgrunbook]\nbackup.key_file = {key}\n")
    kinds = {"plain": [], "encrypted": ["--config", config]}

    def measured(kind, verb, *arguments, server=None):
        command = [*verb.split(), "--repo", tmp_path / kind, *kinds[kind], *arguments]
        result, peak = runbook.peak("backup", *command, server=server)
        bounded(f"{verb} ({kind})", peak)
        return result.expect(0)

    for kind in kinds:
        measured(kind, "create", server=large)
    name = current(large)
    large.sql("CREATE TABLE first ()")
    moment = large.value("SELECT now()::text")
    large.sql("CREATE TABLE second ()")
    large.sql(FILL)
    assert current(large) > name
    wal, out = large.cluster.data / "pg_wal" / name, tmp_path / "out"
    until_there = [path for path in sorted(wal.parent.glob("0" * 7 + "1*")) if path.name <= name]
    for kind in kinds:
        for path in until_there + [wal]:
            measured(kind, "wal push", path)
        measured(kind, "wal fetch", name, out)
        assert filecmp.cmp(out, wal, shallow=False)
        measured(kind, "verify")
        plan = measured(kind, "restore", "--plan", "--to", tmp_path / "to", "--target-time", moment)
        assert name in plan.out
    (stored,) = [path for path in (tmp_path / "plain").rglob(f"{name}.zst")]
    unpacked = tmp_path / "unpacked"
    subprocess.run(["zstd", "-dqf", stored, "-o", unpacked], check=True)
    assert filecmp.cmp(unpacked, wal, shallow=False)


def test_received_and_received_again(large, runbook, tmp_path, bounded):
    """The second receiver is sent once more what the first has left of a segment, and compares."""
    repo = begun(tmp_path / "repo")
    with receiving(runbook, large, repo) as receiver:
        receiver.await_durable()
        large.sql(FILL.replace("34", "20"))
        receiver.await_durable(timeout=120)
        bounded("wal receive", receiver.peak())
    name = current(large)
    with receiving(runbook, large, repo) as receiver:
        large.sql(FILL.replace("34", "20"))
        receiver.await_durable(timeout=120)
        bounded("wal receive again", receiver.peak())
        receiver.end()
    assert current(large) > name
    result, peak = runbook.peak("backup", "wal", "push", "--repo", repo,
                                large.cluster.data / "pg_wal" / name)
    bounded("wal push of what was received", peak)
    result.expect(0)
    assert name in Stored(repo).segments()
