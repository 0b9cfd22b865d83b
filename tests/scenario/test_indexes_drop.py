"""`pgrunbook indexes drop`: only what the evidence lets go, concurrently, with the way back kept
before anything happens."""

import pytest
from support.indexes import (CANDIDATE, INVALID, YOUNG, configure, definition, drop, dropped,
                             exists, fail_to_build, make_orders, observed, psql, refused, report,
                             scan, start_building, start_drop, wait_for_build)
from support.servers import ENDS, wait_until
from support.vacuum import last_run

versions = ENDS

NOW = ["--evidence", 0]


@pytest.fixture
def orders(runbook, server):
    """`orders_day` is a drop-candidate for whoever asks for no time of observation."""
    make_orders(server, {"orders_day": "(day)"})
    report(runbook, server)


# ---- the verdict -----------------------------------------------------------------------------


def test_a_candidate_is_dropped(runbook, server, orders):
    done = drop(runbook, server, "orders_day", *NOW)
    assert (done.outcome, done.index["outcome"]) == ("done", "done")
    assert done.index["reason"].startswith("no scan was seen since ")
    assert done.index["drop_sql"] == 'DROP INDEX CONCURRENTLY "public"."orders_day"'
    assert done.index["size_bytes"] > 0
    assert not exists(server, "orders_day")
    shown = last_run(runbook)
    assert shown["run"]["id"] == done.document["run_id"]
    step, = shown["steps"]
    assert step["sql"] == done.index["drop_sql"] and step["undo"] == done.index["undo_sql"]
    assert step["lock_mode"] == "ShareUpdateExclusiveLock"
    assert [item["outcome"] for item in shown["objects"]] == ["done"]


def test_it_is_not_dropped_against_the_verdict(runbook, server, orders):
    error = refused(runbook, server, "orders_day")
    assert f'index "public.orders_day" is not dropped, its verdict is "{YOUNG}"' in error
    assert "--force" in error
    assert exists(server, "orders_day")
    done = drop(runbook, server, "orders_day", "--force")
    assert done.index["reason"] == f'forced against the verdict "{YOUNG}"'
    assert not exists(server, "orders_day")
    assert last_run(runbook)["steps"][0]["reason"] == done.index["reason"]


def test_an_index_in_use(runbook, server, orders):
    scan(server, "SELECT count(note) FROM orders WHERE day = 3")
    error = refused(runbook, server, "orders_day", *NOW)
    assert 'its verdict is "keep: in use, 1 scan"' in error
    assert exists(server, "orders_day")


def test_a_duplicate_needs_no_evidence(runbook, server, orders):
    server.sql("CREATE INDEX orders_day_too ON orders (day)")
    assert drop(runbook, server, "orders_day_too").index["reason"].startswith(
        "the same as orders_day")


@pytest.mark.parametrize("statement, why", [
    ("ALTER TABLE orders ADD CONSTRAINT kept UNIQUE (id, day)", "it backs a constraint"),
    ("ALTER TABLE orders ADD CONSTRAINT kept EXCLUDE (day WITH =, id WITH =)",
     "it backs a constraint"),
    ("ALTER TABLE orders DROP CONSTRAINT orders_pkey;"
     "ALTER TABLE orders ADD CONSTRAINT kept PRIMARY KEY (id)", "it backs a constraint"),
    ("CREATE TABLE parts (a int) PARTITION BY RANGE (a); CREATE INDEX whole ON parts (a);"
     "CREATE TABLE part PARTITION OF parts DEFAULT; ALTER INDEX part_a_idx RENAME TO kept",
     "it is part of a partitioned index")], ids=["unique", "exclusion", "primary", "part"])
def test_what_is_never_dropped(runbook, server, orders, statement, why):
    server.sql(statement)
    for options in ([], ["--force"]):
        error = refused(runbook, server, "kept", *NOW, *options)
        assert why in error and "hint: " in error
    assert exists(server, "kept")


def test_force_takes_all_others(runbook, server, orders):
    server.sql("""CREATE UNIQUE INDEX one ON orders (id, day);
        CREATE INDEX two ON orders (note); ALTER TABLE orders CLUSTER ON two;
        ALTER TABLE orders ALTER day SET NOT NULL, ALTER id SET NOT NULL;
        CREATE UNIQUE INDEX three ON orders (id, day, customer) WHERE note <> ''""")
    for name in ("one", "two", "three"):
        refused(runbook, server, name)
        drop(runbook, server, name, "--force")
        assert not exists(server, name)


def test_an_index_that_something_rests_on(runbook, server, orders):
    """A foreign key rests on a unique index without a constraint: the server refuses."""
    server.sql("""CREATE UNIQUE INDEX by_day ON orders (day, id);
        CREATE TABLE items (day int, id int, FOREIGN KEY (day, id) REFERENCES orders (day, id))""")
    failed = drop(runbook, server, "by_day", "--force", code=1)
    assert failed.outcome == "failed" and "items" in failed.index["detail"]
    assert server.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_day'::regclass")


# ---- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
def test_names(runbook, server, orders):
    server.sql("CREATE SCHEMA shop; CREATE TABLE shop.orders (day int);"
               "CREATE INDEX orders_day ON shop.orders (day);"
               'CREATE INDEX "Orders by ""day""" ON shop.orders (day DESC NULLS LAST)')
    error = refused(runbook, server, "orders_day", "--force", code=2)
    assert '2 indexes match "orders_day"' in error and "schema.name" in error
    error = refused(runbook, server, "orders_dya", "--force", code=2)
    assert '"orders_dya"' in error and '"orders_day"' in error
    error = refused(runbook, server, "*", "--force", code=2)
    assert 'indexes match "*"' in error
    drop(runbook, server, "shop.orders_day", "--force")
    drop(runbook, server, 'shop."Orders by ""day"""', "--force")
    assert exists(server, "orders_day"), "that of public"
    drop(runbook, server, "orders_day", *NOW)


@pytest.mark.parametrize("version", [15])
@pytest.mark.parametrize("words", [["indexes", "drop"], ["indexes", "drop", "a", "b", "c"]])
def test_one_name_is_needed(runbook, server, words):
    result = runbook(*words, "--yes", server=server).expect(2)
    assert "hint: " in result.err and result.out == ""


# ---- asking first ----------------------------------------------------------------------------


def test_dry_run_is_a_script(runbook, server, orders):
    words = ["indexes", "drop", "orders_day", *NOW, "--dry-run"]
    planned = runbook(*words, "--json", server=server).expect(0)
    assert planned.json["outcome"] is None and planned.json["run_id"] is None
    assert planned.json["indexes"][0]["outcome"] == "planned"
    script = runbook(*words, server=server).expect(0).out
    assert exists(server, "orders_day")
    assert runbook("history", "--json").expect(0).json["runs"] == []
    psql(server, script)
    assert not exists(server, "orders_day")


@pytest.mark.parametrize("version", [15])
def test_nobody_can_be_asked(runbook, server, orders):
    result = runbook("indexes", "drop", "orders_day", *NOW, server=server).expect(2)
    assert "--yes" in result.err and result.out == ""
    assert exists(server, "orders_day")


# ---- the way back ----------------------------------------------------------------------------


def undo_of_last(runbook):
    return last_run(runbook)["steps"][0]["undo"]


@pytest.fixture
def tablespace(server):
    """A place beside the usual one."""
    name = f'{server.dbname} "place"'.replace('"', '""')
    connection = server.connect()
    connection.execute("SET allow_in_place_tablespaces = on")
    connection.execute(f"CREATE TABLESPACE \"{name}\" LOCATION ''")
    yield f'"{name}"'
    server.sql("DROP TABLE orders")
    connection.execute(f'DROP TABLESPACE "{name}"')


def test_it_comes_back_as_it_was(runbook, server, tablespace):
    make_orders(server, {"old": '(lower(note) COLLATE "C" DESC NULLS LAST, day) INCLUDE (id) '
                                f"WITH (fillfactor = 50) TABLESPACE {tablespace} "
                                "WHERE customer > 5 AND note <> 'a;b'"})
    server.sql("COMMENT ON INDEX old IS E'the \"old\" one;\\n-- it''s ours; DROP TABLE orders;'")
    before = definition(server, "old")
    assert before[0][1] and before[0][2], "it has a comment and a place"
    drop(runbook, server, "old", "--force")
    psql(server, undo_of_last(runbook) + ";")
    assert definition(server, "old") == before


def test_what_rested_on_it_comes_back(runbook, server, orders):
    """By force it can be taken from a table that is clustered by it, or replicated by it."""
    server.sql("""ALTER TABLE orders ALTER day SET NOT NULL;
        CREATE UNIQUE INDEX by_day ON orders (day, id);
        ALTER TABLE orders CLUSTER ON by_day; ALTER TABLE orders REPLICA IDENTITY USING INDEX by_day;
        CREATE INDEX lower_note ON orders (day, lower(note));
        ALTER INDEX lower_note ALTER COLUMN 2 SET STATISTICS 500""")
    rests = """SELECT i.indisclustered, i.indisreplident, c.relreplident,
            (SELECT array_agg(a.attstattarget ORDER BY a.attnum) FROM pg_attribute AS a
              WHERE a.attrelid = i.indexrelid)
        FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
        WHERE i.indexrelid = %s::regclass"""
    before = [server.sql(rests, [name]) for name in ("by_day", "lower_note")]
    for name in ("by_day", "lower_note"):
        drop(runbook, server, name, "--force")
        psql(server, undo_of_last(runbook) + ";")
    assert [server.sql(rests, [name]) for name in ("by_day", "lower_note")] == before


def test_history_undo_brings_it_back(runbook, server, orders):
    server.sql("COMMENT ON INDEX orders_day IS 'ours'")
    before = definition(server, "orders_day")
    run = drop(runbook, server, "orders_day", *NOW).document["run_id"]
    runbook("history", "undo", run, "--yes", server=server).expect(0)
    assert definition(server, "orders_day") == before
    back, gone = (one["summary"] for one in runbook("history", "--json").expect(0).json["runs"][:2])
    assert back == {"of": "public.orders_day", "done": 2, "failed": 0, "skipped": 0}  # and its comment
    assert gone["dropped"] == "public.orders_day" and gone["size_bytes"] > 0


def test_a_tree_comes_back_as_it_was(runbook, server):
    server.sql("""CREATE TABLE events (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
        CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20)
            PARTITION BY LIST (b);
        CREATE TABLE events_2_a PARTITION OF events_2 FOR VALUES IN (1);
        INSERT INTO events SELECT i, 1 FROM generate_series(0, 19) AS i;
        CREATE INDEX events_b ON events (b) WITH (fillfactor = 70);
        COMMENT ON INDEX events_b IS 'the whole'; COMMENT ON INDEX events_1_b_idx IS 'a part'""")
    names = ["events_b", "events_1_b_idx", "events_2_b_idx", "events_2_a_b_idx"]
    before = [definition(server, name) for name in names]
    done = drop(runbook, server, "events_b", "--force")
    assert done.index["drop_sql"] == 'DROP INDEX "public"."events_b"'
    assert last_run(runbook)["steps"][0]["lock_mode"] == "AccessExclusiveLock"
    assert not any(exists(server, name) for name in names)
    psql(server, undo_of_last(runbook) + ";")
    assert [definition(server, name) for name in names] == before


def test_a_way_back_that_cannot_be_kept_is_printed(runbook, server, orders):
    """The history is not to be written: what it would have kept is shown instead."""
    words = ["indexes", "drop", "orders_day", "--force", "--yes", "--state", "/dev/full"]
    result = runbook(*words, server=server).expect(0)
    assert "/dev/full" in result.err
    lines = result.out.splitlines()
    assert lines[-2] == "To bring it back:"
    psql(server, lines[-1])
    assert exists(server, "orders_day")
    document = runbook(*words, "--json", server=server).expect(0).json
    assert document["run_id"] is None and "/dev/full" in document["evidence_lost"]
    psql(server, document["indexes"][0]["undo_sql"] + ";")


# ---- others at work --------------------------------------------------------------------------


@pytest.fixture
def reader(server, orders):
    """It has read the table, and its transaction is open still."""
    session = server.connect(application_name="long report")
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM orders")
    return session


def valid(server, index):
    return server.value("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [index])


def waits_for_readers(server):
    return server.sql("""SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND application_name LIKE 'pgrunbook%%' AND query LIKE 'DROP INDEX%%'""")


def test_it_waits_for_old_readers(runbook, server, reader):
    running = start_drop(runbook, server, "orders_day", *NOW)
    wait_until(lambda: waits_for_readers(server), what="the drop that waits")
    reader.execute("COMMIT")
    assert dropped(running).outcome == "done"
    assert not exists(server, "orders_day")


def test_patience_ends(runbook, server, reader):
    """It is given up, says whom it waited for and what is left; the next run finishes the work."""
    impatient = configure(runbook, patience="2s")
    given_up = drop(runbook, server, "orders_day", *NOW, *impatient, code=5)
    detail = given_up.index["detail"]
    assert f"pid {reader.info.backend_pid} (role postgres, application long report" in detail
    assert "indexes.patience, 2 s" in detail and "invalid now" in detail
    assert last_run(runbook)["steps"][0]["attempts"] == 1
    assert last_run(runbook)["run"]["summary"] == {"left": "public.orders_day", "why": detail}
    assert not valid(server, "orders_day")
    found = report(runbook, server)
    assert found.verdict("orders_day", INVALID) == CANDIDATE
    reader.execute("COMMIT")
    again = drop(runbook, server, "orders_day")
    assert again.index["undo_sql"] == given_up.index["undo_sql"]
    assert not exists(server, "orders_day")


def test_interrupted(runbook, server, reader):
    running = start_drop(runbook, server, "orders_day", *NOW)
    wait_until(lambda: waits_for_readers(server), what="the drop that waits")
    running.interrupt()
    stopped = dropped(running, 130)
    assert stopped.outcome == "interrupted" and stopped.index["outcome"] == "not_reached"
    assert "invalid now" in stopped.index["detail"]
    assert not waits_for_readers(server)
    assert not valid(server, "orders_day")


def test_the_window_ends(runbook, server, reader):
    ended = drop(runbook, server, "orders_day", *NOW, *configure(runbook, window="2s"), code=5)
    assert ended.index["outcome"] == "not_reached"
    assert "window" in ended.index["detail"] and "invalid now" in ended.index["detail"]


@pytest.fixture
def keeper(server, orders):
    """Holds a lock on the table that a concurrent drop has to wait for, as VACUUM does."""
    session = server.connect(application_name="keeper")
    session.execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
    return session


def test_locked_all_the_time(runbook, server, keeper):
    """Nothing was begun: the index is what it was."""
    skipped = drop(runbook, server, "orders_day", *NOW, code=5)
    assert f"pid {keeper.info.backend_pid}" in skipped.index["detail"]
    assert "keeper" in skipped.index["detail"]
    assert valid(server, "orders_day")


@pytest.mark.parametrize("statement, why", [
    ("DROP INDEX orders_day", "dropped since it was planned"),
    ("ALTER INDEX orders_day RENAME TO orders_by_day", "renamed since it was planned"),
    ("CREATE SCHEMA away; ALTER TABLE orders SET SCHEMA away", "renamed since it was planned")],
    ids=["dropped", "renamed", "moved"])
def test_it_changed_meanwhile(runbook, server, keeper, statement, why):
    running = start_drop(runbook, server, "orders_day", *NOW)
    wait_until(lambda: put_off(server), what="the first look")
    keeper.execute(f"{statement}; COMMIT")
    skipped = dropped(running, 5)
    assert skipped.index["outcome"] == "skipped" and skipped.index["detail"] == why


def put_off(server):
    """It has looked right before the act, and found the table locked."""
    return server.sql("""SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'pgrunbook%%'
        AND state = 'idle' AND query LIKE '%%b.holder%%'""")


def test_it_was_used_meanwhile(runbook, server, keeper):
    running = start_drop(runbook, server, "orders_day", *NOW)
    wait_until(lambda: put_off(server), what="the first look")
    scan(server, "SELECT count(note) FROM orders WHERE day = 3")
    keeper.execute("COMMIT")
    skipped = dropped(running, 5)
    assert skipped.index["detail"] == "it was scanned just now"
    assert valid(server, "orders_day")


def test_an_invalid_index_that_became_valid(runbook, server, orders):
    """A failed build is a drop-candidate; one that has succeeded since is none."""
    fail_to_build(server, "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (day)")
    keeper = server.connect()
    keeper.execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
    running = start_drop(runbook, server, "broken")
    wait_until(lambda: put_off(server), what="the first look")
    server.sql("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'broken'::regclass")
    keeper.execute("COMMIT")
    assert dropped(running, 5).index["detail"] == "it has become valid"
    assert exists(server, "broken")


def test_a_failed_build_is_dropped(runbook, server, orders):
    fail_to_build(server, "CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (day)")
    done = drop(runbook, server, "broken")
    assert done.index["reason"].startswith("its build did not finish")
    assert not exists(server, "broken")


def test_a_table_on_which_something_is_built(runbook, server, reader):
    """Neither the index that is being built, nor any other of its table."""
    reader.execute("SELECT pg_current_xact_id()")
    builder = start_building(server, "CREATE INDEX CONCURRENTLY building ON orders (note)")
    try:
        wait_for_build(server)
        for index in ("building", "orders_day"):
            for options in ([], ["--force"]):
                error = refused(runbook, server, index, *NOW, *options)
                assert "an index of its table is being built" in error
    finally:
        reader.execute("COMMIT")
        assert builder.wait(60) == 0
    drop(runbook, server, "building", "--force")


def test_a_table_that_is_locked(runbook, server, orders):
    session = server.connect(application_name="migration 42")
    session.execute("BEGIN; LOCK TABLE orders")
    error = refused(runbook, server, "orders_day", *NOW)
    assert f"ACCESS EXCLUSIVE held by pid {session.info.backend_pid}" in error
    assert "migration 42" in error
    session.execute("COMMIT")
    drop(runbook, server, "orders_day", *NOW)


def test_two_drops_at_once(runbook, server, reader):
    """One at a time in a database."""
    server.sql("CREATE TABLE other (a int); CREATE INDEX other_a ON other (a)")
    running = start_drop(runbook, server, "orders_day", *NOW)
    wait_until(lambda: waits_for_readers(server), what="the drop that waits")
    error = refused(runbook, server, "other_a", "--force")
    assert "indexes" in error and exists(server, "other_a")
    reader.execute("COMMIT")
    assert dropped(running).outcome == "done"
    drop(runbook, server, "other_a", "--force")


# ---- who may, and where ----------------------------------------------------------------------


def test_on_a_standby(runbook, fresh_server):
    primary = fresh_server()
    make_orders(primary, {"orders_day": "(day)"})
    standby = fresh_server.standby(primary)
    wait_until(lambda: exists(standby, "orders_day"), what="the replay")
    error = refused(runbook, standby, "orders_day", "--force")
    assert "standby" in error and "primary" in error


def test_not_the_owner(runbook, server, orders):
    visitor = f"{server.dbname}_visitor"
    server.sql(f"CREATE ROLE {visitor} LOGIN")
    try:
        failed = drop(runbook, server, "orders_day", "--force", "-U", visitor, code=1)
        assert "owner" in failed.index["detail"]
        assert valid(server, "orders_day")
    finally:
        server.sql(f"DROP ROLE {visitor}")


def test_the_owner_may(runbook, server, orders):
    owner = f"{server.dbname}_owner"
    server.sql(f"CREATE ROLE {owner} LOGIN; GRANT CREATE ON SCHEMA public TO {owner};"
               f"ALTER TABLE orders OWNER TO {owner}")
    try:
        drop(runbook, server, "orders_day", "--force", "-U", owner)
        assert not exists(server, "orders_day")
    finally:
        server.sql(f"DROP OWNED BY {owner}; DROP ROLE {owner}")
