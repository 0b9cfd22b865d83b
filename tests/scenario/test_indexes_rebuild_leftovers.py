"""Invalid indexes: those a build of our own left are dropped, those of others never are. And
--invalid, which finishes what somebody's CREATE INDEX CONCURRENTLY began."""

import pytest
from support.rebuild import (INDEX, configure, ended, holding, invalid, make_bloated,
                             make_holdable, make_invalid, rebuild, start, wait_for_end)
from support.servers import ENDS, Server

versions = ENDS


def make_failed_build(server, name="orders_payload", unique=""):
    """An index that somebody's CREATE INDEX CONCURRENTLY left invalid."""
    make_invalid(server, f"CREATE {unique} INDEX CONCURRENTLY {name} ON orders (payload)", name)


@pytest.fixture
def orders(server):
    make_bloated(server)


def test_of_others_stay_and_are_reported(runbook, server, orders):
    make_invalid(server, "REINDEX INDEX CONCURRENTLY orders_pkey", "orders_pkey_ccnew")
    report = rebuild(runbook, server, "--invalid")
    assert report.indexes == {} and invalid(server) == ["orders_pkey_ccnew"]
    left = report.leftovers["orders_pkey_ccnew"]
    assert (left["whose"], left["outcome"]) == ("others", "left")
    assert left["drop_sql"] == 'DROP INDEX CONCURRENTLY "public"."orders_pkey_ccnew"'
    assert left["drop_sql"] in report.err and "somebody else" in report.err

    # Naming it does not help: it is to be dropped, not rebuilt.
    named = rebuild(runbook, server, "orders_pkey_ccnew", code=4)
    assert named.outcomes == {"orders_pkey_ccnew": "skipped"}
    assert "to be dropped" in named.reason("orders_pkey_ccnew")

    assert rebuild(runbook, server, "orders_pkey").outcomes == {"orders_pkey": "done"}
    assert invalid(server) == ["orders_pkey_ccnew"]
    server.sql(left["drop_sql"])
    assert rebuild(runbook, server, "--invalid").leftovers == {}


def stop_in(runbook, server, phase, *options):
    """Ctrl-C in that phase."""
    running = [*configure(runbook), *options, INDEX]
    with holding(server, phase, lambda: start(runbook, server, *running)) as (run, _, hold):
        run.interrupt()
        report = ended(run, 130)
        hold.release()
    return report


@pytest.mark.parametrize("phase", ["old snapshots", "readers before dead"])
def test_ours_beside_one_of_others(runbook, server, phase):
    """The same name but for a number, and yet only ours goes: at once, or in the next run."""
    make_holdable(server)
    suffix = "ccnew" if phase == "old snapshots" else "ccold"
    server.sql("CREATE TABLE IF NOT EXISTS elsewhere ()")
    make_invalid(server, "REINDEX INDEX CONCURRENTLY " + INDEX, INDEX + "_ccnew")
    if suffix == "ccold":
        server.sql(f"ALTER INDEX {INDEX}_ccnew RENAME TO {INDEX}_ccold")
    theirs, ours = f"{INDEX}_{suffix}", f"{INDEX}_{suffix}1"
    report = stop_in(runbook, server, phase)
    assert report.leftovers[ours]["whose"] == "ours"
    assert report.leftovers[theirs]["whose"] == "others"
    after = rebuild(runbook, server, INDEX)
    assert (ours in after.indexes) == (suffix == "ccold"), "what could not be dropped at once"
    assert invalid(server) == [theirs]


def test_one_that_came_after_a_death(runbook, server):
    """Ours died, and before its next run somebody failed in the same way."""
    make_holdable(server)
    with holding(server, "writers before build", lambda: start(runbook, server, INDEX)) as (
            running, pid, hold):
        running.kill()
        running.wait()
        wait_for_end(server, pid)
        assert invalid(server) == [INDEX + "_ccnew"]
        hold.release()
    make_invalid(server, "REINDEX INDEX CONCURRENTLY " + INDEX, INDEX + "_ccnew1")
    report = rebuild(runbook, server, "--invalid")
    assert INDEX + "_ccnew1" in invalid(server), "never taken for ours"
    assert INDEX + "_ccnew1" in report.leftovers


LONG = "i" * 63
WIDE = "x" + "ä" * 31


@pytest.mark.parametrize("name", [LONG, WIDE], ids=["63 letters", "letters of two bytes"])
@pytest.mark.parametrize("version", [14, 17])
def test_names_that_the_server_cuts(runbook, server, name):
    """There is no room for the suffix: the name of what is left is another one."""
    server.make_table("orders")
    server.sql(f"CREATE INDEX {name} ON orders (payload); CREATE TABLE elsewhere ()")
    blocker = server.connect()
    blocker.execute("BEGIN; SELECT FROM orders LIMIT 1")
    options = configure(runbook, patience="1s")
    report = rebuild(runbook, server, *options, name, code=5)
    (left,), = [list(report.leftovers)]
    assert left == name.encode()[:57].decode(errors="ignore") + "_ccold"
    assert invalid(server) == [left]
    blocker.execute("ROLLBACK")
    assert rebuild(runbook, server, name).outcomes == {left: "done", name: "done"}
    assert invalid(server) == []


def test_failed_build_is_finished(runbook, server, orders):
    make_failed_build(server)
    make_invalid(server, "REINDEX INDEX CONCURRENTLY orders_pkey", "orders_pkey_ccnew")
    report = rebuild(runbook, server, "--invalid", server.dbname)
    assert report.outcomes == {"orders_payload": "done"}
    assert "did not finish" in report.reason("orders_payload")
    assert set(report.leftovers) == {"orders_pkey_ccnew"}
    assert invalid(server) == ["orders_pkey_ccnew"]


def test_failed_build_that_cannot_be_finished(runbook, server, orders):
    """Two rows are the same: REINDEX fails as the build did, and leaves nothing more."""
    server.sql("INSERT INTO orders VALUES (-1, 'twice'), (-2, 'twice')")
    try:
        server.sql("CREATE UNIQUE INDEX CONCURRENTLY orders_payload ON orders (payload)")
    except Exception as error:
        assert "twice" in str(error)
    report = rebuild(runbook, server, "--invalid", code=1)
    assert report.outcomes == {"orders_payload": "failed"}
    assert "could not create unique index" in report.reason("orders_payload")
    assert [left["outcome"] for left in report.leftovers.values()] == ["dropped"]
    assert invalid(server) == ["orders_payload"]


@pytest.mark.parametrize("version", [15])
def test_of_another_database(runbook, server):
    """The history holds many databases; what is left in one is nothing to the others."""
    other = Server(server.cluster)
    make_holdable(server)
    stop_in(runbook, server, "readers before dead")
    left = invalid(server)
    assert left
    result = runbook("indexes", "rebuild", "--yes", "--json", "--invalid", server=other).expect(0)
    assert result.json["indexes"] == [] and invalid(server) == left
    rebuild(runbook, server, "--invalid")
    assert invalid(server) == []


@pytest.mark.parametrize("version", [17, 18])
def test_role_that_may_rebuild_but_not_drop(runbook, server, roles):
    """MAINTAIN is enough for a rebuild. What an interrupted one leaves only the owner can drop."""
    make_holdable(server)
    maintainer = roles("maintainer")
    server.sql(f"GRANT pg_maintain TO {maintainer}")
    report = stop_in(runbook, server, "old snapshots", "-U", maintainer)
    left, = report.leftovers.values()
    assert left["outcome"] == "left" and "must be owner" in left["reason"]
    again = rebuild(runbook, server, "-U", maintainer, INDEX, code=5)
    assert again.outcomes == {INDEX: "done", INDEX + "_ccnew": "failed"}
    assert rebuild(runbook, server, INDEX).outcomes == {INDEX: "done", INDEX + "_ccnew": "done"}
    assert invalid(server) == []
