"""pg_repack, driven for real: it wins the space without closing the table, it ends no session of
anybody, and whatever stops it, nothing of it stays behind."""

import os
import signal
import subprocess
import threading

import pytest
from support.reclaim import (SMALL, checksum, configure, ended, filenode, make_empty_end, make_holes,
                             nothing_runs, plan, remains, run, settle, size, start)
from support.servers import wait_until
from support.vacuum import last_run

pytestmark = pytest.mark.parametrize("version", [15])


@pytest.fixture
def repack(server):
    """A database where pg_repack is installed."""
    server.sql("CREATE EXTENSION pg_repack")
    return server


@pytest.fixture
def old_transaction(repack):
    """Older than any copy pg_repack makes, so that it waits: without end, were it alone."""
    repack.sql("CREATE TABLE elsewhere AS SELECT 1 AS one")
    session = repack.connect(application_name="monthly report")
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere")
    return session


def wait_for_copy(server):
    """pg_repack is at the point where it waits for older transactions."""
    wait_until(lambda: server.sql("""SELECT 1 FROM pg_stat_activity
        WHERE application_name LIKE 'pgrunbook%%' AND query LIKE '%%locktype = ''virtualxid''%%'
          AND state = 'idle'"""), what="pg_repack's wait")


def program(runbook, text):
    """A program in place of pg_repack."""
    file = runbook.home / "repack-like"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)
    return configure(runbook, pg_repack=file)


def test_wins_the_space(runbook, repack):
    make_holes(repack, "holes", rows=80_000)
    before, rows, node = size(repack, "holes"), checksum(repack, "holes"), filenode(repack, "holes")
    report = run(runbook, repack)
    assert report.means == {"holes": "pg_repack", "holes_pkey": "with_table"}
    assert report.outcomes == {"holes": "done", "holes_pkey": "done"}
    assert size(repack, "holes") < before / 3
    assert report.objects["holes"]["won_bytes"] > before - size(repack, "holes")  # its index too
    assert checksum(repack, "holes") == rows
    assert filenode(repack, "holes") != node
    assert "--no-kill-backend" in report.sql[0]
    assert remains(repack) == []
    step = last_run(runbook)["steps"][0]
    assert (step["outcome"], step["sql"]) == ("done", report.sql[0])


def test_end_and_index_need_no_program(runbook, repack):
    """The gentler means comes first, also where pg_repack is there."""
    make_empty_end(repack, "events")
    assert run(runbook, repack).means["events"] == "vacuum_truncate"


def test_writes_go_on(runbook, repack):
    make_holes(repack, "holes", rows=60_000)
    stop, written = threading.Event(), []

    def write():
        with repack.connect() as session:
            while not stop.is_set():
                number = 1_000_000 + len(written)
                session.execute("INSERT INTO holes VALUES (%s, 'written meanwhile')", [number])
                written.append(number)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        wait_until(lambda: written, what="the first row")
        report = run(runbook, repack)
    finally:
        stop.set()
        writer.join()
    assert report.outcomes["holes"] == "done"
    assert repack.value("SELECT count(*) FROM holes WHERE id >= 1000000") == len(written)
    assert repack.value("SELECT count(*) FROM holes WHERE id < 1000000") == 15_000


def test_lock_it_does_not_get(runbook, repack):
    """A reader and a waiting ALTER TABLE: both live on, pg_repack ends by its own timeout."""
    make_holes(repack, "holes")
    before = size(repack, "holes")
    reader = repack.connect()
    reader.execute("BEGIN; SELECT count(*) FROM holes")
    migration = repack.connect(application_name="migration 42")
    failed = []

    def alter():
        try:
            migration.execute("ALTER TABLE holes ADD COLUMN note text")
        except Exception as error:  # whatever ended it
            failed.append(error)

    running = start(runbook, repack, *configure(runbook, repack_wait="3s"))
    wait_until(lambda: repack.sql("""SELECT 1 FROM pg_stat_activity WHERE query LIKE
        'LOCK TABLE%%' AND application_name LIKE 'pgrunbook%%'"""), what="pg_repack")
    waiting = threading.Thread(target=alter, daemon=True)
    waiting.start()
    report = ended(running, 5)
    assert report.outcomes["holes"] == "skipped"
    assert "timeout" in report.reason("holes")
    assert remains(repack) == [] and nothing_runs(repack)
    assert reader.execute("SELECT count(*) FROM holes").fetchone() == (3000,)
    reader.execute("COMMIT")
    waiting.join()
    assert failed == []
    assert size(repack, "holes") == before


def test_older_transaction_outlasts_its_patience(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    node = filenode(repack, "holes")
    report = run(runbook, repack, *configure(runbook, patience="2s"), code=5)
    assert report.outcomes["holes"] == "skipped"
    assert "waited 2 s for older transactions" in report.reason("holes")
    assert "monthly report" in report.reason("holes")
    assert filenode(repack, "holes") == node
    assert remains(repack) == [] and nothing_runs(repack)
    assert old_transaction.execute("SELECT one FROM elsewhere").fetchone() == (1,)


def test_older_transaction_ends_in_time(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    running = start(runbook, repack)
    wait_for_copy(repack)
    old_transaction.execute("COMMIT")
    assert ended(running).outcomes["holes"] == "done"


def test_window_ends(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    make_holes(repack, "later", rows=8000)
    report = run(runbook, repack, "--window", "3s", code=5)
    assert report.outcomes["holes"] == report.outcomes["later"] == "not_reached"
    assert "window" in report.reason("holes") and "before it started" in report.reason("later")
    assert remains(repack) == [] and nothing_runs(repack)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted(runbook, repack, old_transaction, number):
    make_holes(repack, "holes")
    running = start(runbook, repack)
    wait_for_copy(repack)
    running.process.send_signal(number)
    report = ended(running, 130)
    assert report.outcome == "interrupted"
    assert report.outcomes["holes"] == "not_reached"
    assert remains(repack) == [] and nothing_runs(repack)


def test_killed(runbook, repack, old_transaction):
    """Nobody is left to stop pg_repack: it is told by the kernel, and cleans up by itself."""
    make_holes(repack, "holes")
    running = start(runbook, repack)
    wait_for_copy(repack)
    running.kill()
    running.wait()
    wait_until(lambda: nothing_runs(repack), what="the end of pg_repack")
    wait_until(lambda: remains(repack) == [], what="pg_repack to clean up")


CRASHES = """#!/bin/sh
# Asked to stop, it dies like a crash and leaves everything behind.
case $1 in --version) exec pg_repack --version; esac
pg_repack "$@" &
child=$!
trap 'kill -9 $child; exit 1' INT
wait $child
"""


def test_what_a_crash_left_is_removed_at_once(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    running = start(runbook, repack, *program(runbook, CRASHES))
    wait_for_copy(repack)
    assert "repack_trigger" in [name for (name,) in remains(repack)]
    running.interrupt()
    report = ended(running, 130)
    assert report.outcomes["holes"] == "not_reached"
    assert remains(repack) == []
    steps = last_run(runbook)["steps"]
    assert [step["number"] for step in steps] == [1, 2]
    assert "repack_drop" in steps[1]["sql"] and steps[1]["outcome"] == "done"


def crash(running):
    """The machine dies: program and pg_repack at the same time."""
    children = subprocess.run(["pgrep", "-P", str(running.process.pid)], check=True,
                              capture_output=True, text=True).stdout.split()
    os.kill(running.process.pid, signal.SIGSTOP)  # or it would hear of its child's end
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    running.kill()
    running.wait()


def test_what_a_crash_left_is_removed_by_the_next_run(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    running = start(runbook, repack)
    wait_for_copy(repack)
    crash(running)
    wait_until(lambda: nothing_runs(repack), what="the server to notice")
    assert "repack_trigger" in [name for (name,) in remains(repack)]
    old_transaction.execute("COMMIT")

    planned = plan(runbook, repack)
    assert [item["ours"] for item in planned.leftovers] == [True]
    assert planned.means["holes"] == "pg_repack"
    report = run(runbook, repack)
    assert report.outcomes["holes"] == "done"
    assert "repack_drop" in report.sql[0]
    assert remains(repack) == []


def test_server_crashes(runbook, fresh_server):
    """What pg_repack had committed by then survives the crash: its trigger and its log."""
    server = fresh_server()
    server.sql("CREATE EXTENSION pg_repack; CREATE TABLE elsewhere AS SELECT 1 AS one")
    make_holes(server, "holes")
    old = server.connect()
    old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere")
    running = start(runbook, server)
    wait_for_copy(server)
    server.cluster.crash()
    server.cluster.start()
    report = ended(running, 1)
    assert report.outcomes["holes"] == "failed"
    assert remains(server) == []
    assert run(runbook, server).outcomes["holes"] == "done"


def test_what_others_left_is_theirs(runbook, repack, old_transaction):
    make_holes(repack, "holes")
    stranger = subprocess.Popen(["pg_repack", "-D", "-t", "holes"],
                                env={**os.environ, **repack.environment},
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: repack.sql("""SELECT 1 FROM pg_stat_activity
        WHERE application_name = 'pg_repack' AND query LIKE '%%locktype = ''virtualxid''%%'"""),
               what="pg_repack")
    at_work = plan(runbook, repack)
    assert at_work.leftovers == []
    assert "one is at work on the table" in at_work.reason("holes")
    stranger.kill()
    stranger.wait()
    wait_until(lambda: not repack.sql("SELECT 1 FROM pg_stat_activity "
                                      "WHERE application_name = 'pg_repack'"), what="its end")

    result = runbook("bloat", "reclaim", "--yes", "--json", *SMALL, server=repack).expect(5)
    leftover = result.json["leftovers"][0]
    assert (leftover["table"], leftover["ours"]) == ("holes", False)
    assert leftover["sql"] in result.err
    item = next(item for item in result.json["objects"] if item["name"] == "holes")
    assert item["means"] == "none" and "left its trigger" in item["reason"]
    assert remains(repack) != []

    old_transaction.execute("COMMIT")
    repack.sql(leftover["sql"])
    assert remains(repack) == []
    assert run(runbook, repack).outcomes["holes"] == "done"


@pytest.mark.parametrize("text, why", [
    ("#!/bin/sh\necho pg_repack 9.9.9\n", "the program's version is 9.9.9"),
    ("#!/bin/sh\necho what\n", "does not tell its version"),
], ids=["other version", "no version"])
def test_program_that_does_not_fit(runbook, repack, text, why):
    make_holes(repack, "holes")
    report = run(runbook, repack, *program(runbook, text), code=5)
    assert report.means["holes"] == "none"
    assert why in report.reason("holes")


def test_program_that_is_not_there(runbook, repack):
    make_holes(repack, "holes")
    report = run(runbook, repack, *configure(runbook, pg_repack="/nonexistent/pg_repack"), code=5)
    assert "is not installed here" in report.reason("holes")


def test_program_that_fails(runbook, repack):
    make_holes(repack, "holes")
    text = ("#!/bin/sh\ncase $1 in --version) exec pg_repack --version; esac\n"
            "echo no mood today >&2\nexit 3\n")
    report = run(runbook, repack, *program(runbook, text), code=1)
    assert report.outcomes["holes"] == "failed"
    assert report.reason("holes") == "no mood today (exit code 3)"


def test_program_that_claims_too_much(runbook, repack):
    """Exit code 0 is not believed: the table has to be another file."""
    make_holes(repack, "holes")
    text = ("#!/bin/sh\ncase $1 in --version) exec pg_repack --version; esac\n"
            "echo all is well\n")
    report = run(runbook, repack, *program(runbook, text), code=5)
    assert report.outcomes["holes"] == "skipped"
    assert "all is well" in report.reason("holes")
    assert report.won_bytes == 0


def test_tables_it_cannot_do(runbook, repack):
    make_holes(repack, "no_key", key="")
    make_holes(repack, "maybe_null", key="UNIQUE")
    make_holes(repack, "unique_not_null", key="UNIQUE NOT NULL")
    make_holes(repack, "unlogged", kind="UNLOGGED TABLE")
    report = run(runbook, repack, code=5)
    assert {name: report.outcomes[name] for name in
            ("no_key", "maybe_null", "unique_not_null", "unlogged")} == {
        "no_key": "skipped", "maybe_null": "skipped", "unique_not_null": "done",
        "unlogged": "skipped"}
    assert "NOT NULL" in report.reason("no_key") and "not logged" in report.reason("unlogged")


def test_publication_of_all_tables(runbook, repack):
    make_holes(repack, "holes")
    repack.sql("CREATE PUBLICATION everything FOR ALL TABLES")
    report = run(runbook, repack, code=5)
    assert report.means["holes"] == "none"
    assert '"everything"' in report.reason("holes")
    repack.sql("DROP PUBLICATION everything")


@pytest.mark.parametrize("name", ["Up Per", 'quo"te', "dot.ted", "semi;colon", "apo'strophe",
                                  "new\nline", "$(reboot)", "täble", "-t other"])
def test_names(runbook, repack, name):
    quoted = '"' + name.replace('"', '""') + '"'
    repack.sql(f"CREATE SCHEMA {quoted}")
    make_holes(repack, f"{quoted}.{quoted}")
    before = size(repack, f"{quoted}.{quoted}")
    report = run(runbook, repack)
    assert report.outcomes[name] == "done"
    assert size(repack, f"{quoted}.{quoted}") < before / 3


def test_partition(runbook, repack):
    repack.sql("CREATE TABLE logs (id int PRIMARY KEY, payload text) PARTITION BY RANGE (id)")
    repack.sql("CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (100000)")
    repack.sql("INSERT INTO logs SELECT i, repeat(md5(i::text), 10) "
               "FROM generate_series(1, 12000) AS i")
    repack.sql("DELETE FROM logs WHERE id % 4 <> 0")
    settle(repack, "logs_1")
    rows = checksum(repack, "logs")
    report = run(runbook, repack, "--table", "logs")
    assert report.outcomes["logs_1"] == "done"
    assert checksum(repack, "logs") == rows
    repack.sql("INSERT INTO logs VALUES (50001, 'still a partition')")
    assert repack.value("SELECT tableoid::regclass::text FROM logs WHERE id = 50001") == "logs_1"


def test_dry_run_is_a_script(runbook, repack):
    make_holes(repack, '"Ho les"')
    before = size(repack, '"Ho les"')
    script = runbook("bloat", "reclaim", "--dry-run", *SMALL, server=repack).expect(0).out
    assert size(repack, '"Ho les"') == before
    subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1"], input=script, text=True, check=True,
                   env={**os.environ, **repack.environment}, capture_output=True)
    assert size(repack, '"Ho les"') < before / 3


SPY = """#!/bin/sh
case $1 in --version) exec pg_repack --version; esac
tr '\\0' '\\n' < /proc/$$/cmdline > {folder}/arguments
env > {folder}/environment
exec pg_repack "$@"
"""


def test_password_stays_off_the_command_line(runbook, fresh_server):
    server = fresh_server(tcp=True, hba=["host all keeper 127.0.0.1/32 scram-sha-256"])
    server.sql("CREATE EXTENSION pg_repack; CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'geheim'")
    make_holes(server, "holes")
    options = program(runbook, SPY.format(folder=runbook.home))
    result = runbook("bloat", "reclaim", "--yes", "--json", *SMALL, *options, "-d",
                     f"host=127.0.0.1 port={server.cluster.port} user=keeper password=geheim "
                     f"dbname={server.dbname}").expect(0)
    assert next(item for item in result.json["objects"]
                if item["name"] == "holes")["outcome"] == "done"
    assert "geheim" not in (runbook.home / "arguments").read_text()
    environment = (runbook.home / "environment").read_text()
    assert "PGPASSWORD=geheim\n" in environment and "PGUSER=keeper\n" in environment
    assert "client_connection_check_interval=5s" in environment
    assert "geheim" not in result.out + result.err
    assert b"geheim" not in runbook.history.read_bytes()
