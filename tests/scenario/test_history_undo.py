"""A run taken back: what was dropped is there again."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from golden.documents import check_document
from support.history import put_run
from support.servers import ENDS, Server, wait_until

versions = ENDS

BY_PAYLOAD = "CREATE INDEX CONCURRENTLY by_payload ON public.orders USING btree (payload)"


@pytest.fixture
def orders(server):
    server.make_table("orders")
    return server


def dropped(runbook, server, *undos):
    """A run that dropped an index for each of these statements that make it again."""
    return put_run(runbook, server, [{"sql": "DROP INDEX CONCURRENTLY …", "undo": undo}
                                     for undo in undos])


def undo(runbook, server, run, *options, code=0):
    """The document of an undo, held against its schema."""
    result = runbook("history", "undo", run, "--yes", "--json", *options, server=server)
    return check_document(result.expect(code).json, "history.undo")


def refused(runbook, server, run, *options):
    """What a refusal says."""
    result = runbook("history", "undo", run, "--yes", *options, server=server).expect(4)
    assert result.out == "" and "hint: " in result.err
    return result.err


def valid_indexes(server, table="orders"):
    return [name for name, in server.sql("""SELECT indexrelid::regclass::text FROM pg_index
        WHERE indrelid = %s::regclass AND indisvalid AND NOT indisprimary
        ORDER BY 1""", [table])]


def invalid_indexes(server):
    return server.sql("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")


def start_and_wait(runbook, server, run):
    """A transaction of somebody who reads, and an undo that has to wait for its end."""
    reader = server.connect()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    building = runbook.start("history", "undo", run, "--yes", server=server)
    wait_until(lambda: server.sql("""SELECT 1 FROM pg_locks
        WHERE locktype = 'virtualxid' AND NOT granted"""), what="the undo to wait")
    return reader, building


def definitions(server):
    """All there is to the indexes of the schema, except for what changes with every build."""
    return server.sql("""SELECT pg_get_indexdef(c.oid), obj_description(c.oid), i.indisvalid,
                                p.inhparent::regclass::text
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        LEFT JOIN pg_inherits AS p ON p.inhrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1""")


# ---- the way it should go --------------------------------------------------------------------


@pytest.mark.parametrize("table, index", [
    ("CREATE TABLE orders (id int, note text)",
     "CREATE UNIQUE INDEX by_note ON orders (lower(note) DESC NULLS LAST, id) INCLUDE (note) "
     "WITH (fillfactor = 70) WHERE id > 7; COMMENT ON INDEX by_note IS 'it''s; one'"),
    ("""CREATE TABLE orders (id int, note text) PARTITION BY RANGE (id);
        CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (10);
        CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM (10) TO (20)
            PARTITION BY RANGE (id);
        CREATE TABLE orders_21 PARTITION OF orders_2 DEFAULT""",
     "CREATE INDEX by_note ON orders (note)"),
], ids=["plain", "partitioned"])
def test_there_and_back(runbook, server, table, index):
    """The real thing: what `indexes drop` drops comes back as it was."""
    server.sql(table)
    server.sql(index)
    before = definitions(server)
    runbook("indexes", "drop", "--force", "--yes", "by_note", server=server).expect(0)
    assert definitions(server) == []
    run = runbook("history", "--json").json["runs"][0]["id"]
    undo(runbook, server, run)
    assert definitions(server) == before


def test_a_dropped_index_is_there_again(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    document = undo(runbook, orders, run)
    assert document["undoes"] == {"id": run, "section": "indexes", "verb": "drop"}
    assert (document["outcome"], document["evidence_lost"]) == ("done", None)
    assert [step["sql"] for step in document["steps"]] == [BY_PAYLOAD]
    assert valid_indexes(orders) == ["by_payload"]


def test_it_is_a_run_of_its_own(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    number = undo(runbook, orders, run)["run_id"]
    newest = runbook("history", "--json").json["runs"][0]
    assert (newest["id"], newest["section"], newest["verb"]) == (number, "indexes", "undo")
    shown = check_document(runbook("history", "show", number, "--json").json, "history.show")
    assert shown["run"]["undoes"] == run and "history undo" in shown["run"]["command_line"]
    [step] = shown["steps"]
    assert (step["sql"], step["outcome"]) == (BY_PAYLOAD, "done")
    assert step["reason"] == f"takes back step 1 of run {run}"
    first = runbook("history", "show", run, "--json").json
    assert first["run"]["undo_run"] == number and first["steps"][0]["undo"] == BY_PAYLOAD
    text = runbook("history", "show", run).expect(0).out
    assert f"undo: {BY_PAYLOAD};" in text and f"run {number}" in text


def test_the_last_step_comes_first(runbook, orders):
    run = dropped(runbook, orders,
                  "CREATE TABLE public.first (); \nCOMMENT ON TABLE public.first IS 'x;y'",
                  "CREATE TABLE public.second ()",
                  None)
    steps = undo(runbook, orders, run)["steps"]
    assert [(step["undoes_step"], step["sql"].split(" (")[0]) for step in steps] == [
        (2, "CREATE TABLE public.second"), (1, "CREATE TABLE public.first")]


def test_only_what_was_done_is_taken_back(runbook, orders):
    steps = [{"sql": "X", "undo": f"CREATE TABLE public.{outcome} ()", "outcome": outcome}
             for outcome in ("done", "failed", "skipped", "not_reached", "planned")]
    run = put_run(runbook, orders, steps, outcome="partly")
    assert [step["undoes_step"] for step in undo(runbook, orders, run)["steps"]] == [1]
    assert orders.value("SELECT to_regclass('public.done') IS NOT NULL")


def test_statements_of_a_step_share_their_settings(runbook, orders):
    """An index goes back to its tablespace, and its neighbour does not follow it there."""
    run = dropped(runbook, orders,
                  "CREATE INDEX CONCURRENTLY after_it ON public.orders USING btree (payload)",
                  "SET default_tablespace = 'nowhere';\n" + BY_PAYLOAD + ";\n"
                  "RESET default_tablespace;\nCOMMENT ON INDEX public.by_payload IS 'of old'")
    document = undo(runbook, orders, run, code=5)
    assert [step["outcome"] for step in document["steps"]] == [
        "failed", "skipped", "done", "skipped", "done"]
    assert valid_indexes(orders) == ["after_it"]
    place = orders.cluster.folder / orders.dbname
    place.mkdir()
    shutil.chown(place, orders.cluster.data.owner(), orders.cluster.data.group())
    orders.sql(f"CREATE TABLESPACE nowhere LOCATION '{place}'")
    document = undo(runbook, orders, run)
    assert [step["undoes_step"] for step in document["steps"]] == [2] * 4
    assert orders.sql("""SELECT spcname, obj_description(c.oid) FROM pg_class AS c
        JOIN pg_tablespace AS t ON t.oid = reltablespace
        WHERE c.oid = 'by_payload'::regclass""") == [("nowhere", "of old")]
    orders.sql("DROP INDEX by_payload")
    orders.sql("DROP TABLESPACE nowhere")


def test_names_that_need_quotes(runbook, server):
    server.sql('CREATE SCHEMA "my shop"; CREATE TABLE "my shop"."Or""ders; x" (id int)')
    run = dropped(runbook, server, 'CREATE INDEX CONCURRENTLY "by; ""id""" '
                                   'ON "my shop"."Or""ders; x" USING btree (id)')
    undo(runbook, server, run)
    assert server.value("""SELECT indexname FROM pg_indexes
        WHERE schemaname = 'my shop'""") == 'by; "id"'


# ---- before it begins ------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
def test_a_dry_run_shows_the_statements(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    script = runbook("history", "undo", run, "--dry-run", server=orders).expect(0).out
    assert f"takes back step 1 of run {run}" in script and BY_PAYLOAD + ";\n" in script
    document = runbook("history", "undo", run, "--dry-run", "--json", server=orders).expect(0)
    assert check_document(document.json, "history.undo")["outcome"] == "planned"
    assert valid_indexes(orders) == []
    assert runbook("history", "--json").json["runs"][0]["id"] == run


@pytest.mark.parametrize("version", [15])
def test_nobody_to_ask(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    assert "--yes" in runbook("history", "undo", run, server=orders).expect(2).err
    assert "--yes" in runbook("history", "undo", run, "--json", server=orders).expect(2).err
    assert valid_indexes(orders) == []


@pytest.mark.parametrize("version", [15])
def test_no_such_run(runbook, server):
    assert "no history file" in runbook("history", "undo", 1, "--yes", server=server).expect(1).err
    dropped(runbook, server, BY_PAYLOAD)
    assert "4711" in runbook("history", "undo", 4711, "--yes", server=server).expect(2).err
    assert "run id" in runbook("history", "undo", "last", "--yes", server=server).expect(2).err


# ---- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
def test_what_cannot_be_taken_back(runbook, server):
    server.make_dead_rows("orders")
    runbook("vacuum", "run", "--yes", server=server).expect(0)
    assert "nothing in run 1 (vacuum run) can be taken back" in refused(runbook, server, 1)
    run = put_run(runbook, server, [{"sql": "X", "undo": "Y", "outcome": "failed"}])
    assert "nothing of run 2 was done" in refused(runbook, server, run)
    run = put_run(runbook, server, [{"sql": "X", "undo": "Y", "outcome": "running"}], ended_us=0)
    assert "step 1 of run 3 was at work when the run died" in refused(runbook, server, run)


def test_taken_back_already(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    number = undo(runbook, orders, run)["run_id"]
    assert f"was taken back already, by run {number}" in refused(runbook, orders, run)
    assert f"nothing in run {number}" in refused(runbook, orders, number)


def test_another_place(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD)
    message = refused(runbook, orders, run, "postgres")
    assert f'was in database "{orders.dbname}", not in "postgres"' in message
    assert f"pgrunbook history undo {run} -h " in message and orders.dbname in message
    run = put_run(runbook, orders, [{"sql": "X", "undo": BY_PAYLOAD}], system_identifier="1",
                  target="shop")
    message = refused(runbook, orders, run)
    assert "on another server" in message
    # The name helps where the configuration has it.
    assert f"pgrunbook history undo {run} -h " in message
    folder = runbook.config / "pgrunbook"
    folder.mkdir(parents=True)
    (folder / "pgrunbook.conf").write_text("[target shop]\nconninfo = dbname=shop\n",
                                           encoding="utf-8")
    assert f"pgrunbook history undo {run} --target shop" in refused(runbook, orders, run)
    assert valid_indexes(orders) == []


def test_a_standby(runbook, fresh_server):
    primary = fresh_server()
    standby = fresh_server.standby(primary)
    run = dropped(runbook, primary, BY_PAYLOAD)
    assert "is a standby" in refused(runbook, standby, run)


@pytest.mark.parametrize("version", [15])
def test_a_run_at_work(runbook, orders):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    run = put_run(runbook, orders, [{"sql": "X", "undo": BY_PAYLOAD}], ended_us=0,
                  outcome="running", pid=os.getpid(), os_boot=boot, os_host=socket.gethostname())
    assert f"run {run} is still at work" in refused(runbook, orders, run)


def test_one_at_a_time(runbook, orders):
    """The section's own lock: not beside a run of the same kind, nor beside another undo."""
    run = dropped(runbook, orders, BY_PAYLOAD)
    reader, building = start_and_wait(runbook, orders, run)
    assert "another indexes run is at work" in refused(runbook, orders, run)
    reader.execute("ROLLBACK")
    building.wait().expect(0)
    assert valid_indexes(orders) == ["by_payload"]


# ---- when it goes wrong ----------------------------------------------------------------------


def test_what_failed_may_be_tried_again(runbook, server):
    run = dropped(runbook, server, BY_PAYLOAD)
    document = undo(runbook, server, run, code=1)
    assert document["outcome"] == "failed"
    assert "does not exist" in document["steps"][0]["detail"]
    server.make_table("orders")
    undo(runbook, server, run)
    assert valid_indexes(server) == ["by_payload"]


def test_what_was_left_is_what_comes_next(runbook, orders):
    run = dropped(runbook, orders, BY_PAYLOAD, "CREATE TABLE public.late (LIKE public.early)")
    assert undo(runbook, orders, run, code=5)["outcome"] == "partly"
    orders.sql("CREATE TABLE early (id int)")
    steps = undo(runbook, orders, run)["steps"]
    assert [step["undoes_step"] for step in steps] == [2]
    assert "taken back already" in refused(runbook, orders, run)


def test_a_lock_is_not_waited_for_long(runbook, orders):
    run = dropped(runbook, orders, "ALTER TABLE public.orders SET (fillfactor = 90)",
                  "CREATE TABLE public.late ()")
    blocker = orders.connect()
    blocker.execute("BEGIN; LOCK public.orders")
    document = undo(runbook, orders, run, "--lock-timeout", "100ms", code=5)
    assert [step["outcome"] for step in document["steps"]] == ["done", "skipped"]
    blocker.execute("ROLLBACK")
    undo(runbook, orders, run)
    assert orders.value("SELECT reloptions::text FROM pg_class "
                        "WHERE oid = 'orders'::regclass") == "{fillfactor=90}"


def test_nor_beside_the_building_of_an_index(runbook, orders):
    """Which itself must not time out: it would leave an invalid index."""
    orders.make_table("others")
    run = dropped(runbook, orders, "ALTER TABLE public.others SET (fillfactor = 90)", BY_PAYLOAD)
    blocker = orders.connect()
    blocker.execute("BEGIN; LOCK public.others")
    config = runbook.home / "one.conf"
    config.write_text("[pgrunbook]\nindexes.patience = 1s\n", encoding="utf-8")
    document = undo(runbook, orders, run, "--lock-timeout", "100ms", "--config", config, code=5)
    assert [step["outcome"] for step in document["steps"]] == ["done", "skipped"]
    assert "lock timeout" in document["steps"][1]["detail"]
    assert valid_indexes(orders) == ["by_payload"]


def test_interrupted(runbook, orders):
    """Building an index is cancelled, and what it leaves is removed."""
    run = dropped(runbook, orders, BY_PAYLOAD)
    reader, building = start_and_wait(runbook, orders, run)
    building.interrupt()
    building.wait().expect(130)
    assert invalid_indexes(orders) == []
    shown = runbook("history", "--json").json["runs"][0]
    assert (shown["verb"], shown["outcome"]) == ("undo", "interrupted")
    reader.execute("ROLLBACK")
    undo(runbook, orders, run)
    assert valid_indexes(orders) == ["by_payload"]


def test_killed(runbook, orders):
    """The next try removes what nobody could."""
    run = dropped(runbook, orders, BY_PAYLOAD)
    reader, building = start_and_wait(runbook, orders, run)
    building.kill()
    building.process.wait()
    orders.sql("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'pgrunbook%'""")
    wait_until(lambda: not orders.backends(), what="the end of the build")
    assert invalid_indexes(orders) == [("by_payload",)]
    reader.execute("ROLLBACK")
    steps = undo(runbook, orders, run)["steps"]
    assert [(step["undoes_step"], step["outcome"]) for step in steps] == [
        (None, "done"), (1, "done")]
    assert valid_indexes(orders) == ["by_payload"] and invalid_indexes(orders) == []
