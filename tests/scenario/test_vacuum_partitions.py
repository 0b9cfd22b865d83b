"""Partitioned tables: autovacuum cleans the partitions but never analyses the parents, so the
planner knows nothing of the whole. A run does, and only when something changed."""

import pytest
from support.vacuum import plan, run, times_analyzed

TREE = """
CREATE TABLE events (id int, day int, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (kind);
CREATE TABLE events_2_a PARTITION OF events_2 FOR VALUES IN ('a');
CREATE TABLE events_2_b PARTITION OF events_2 FOR VALUES IN ('b');
CREATE TABLE quiet (id int, day int) PARTITION BY RANGE (day);
CREATE TABLE quiet_1 PARTITION OF quiet FOR VALUES FROM (0) TO (10);
INSERT INTO events SELECT i, i % 20, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END
    FROM generate_series(1, 10000) AS i;
INSERT INTO quiet SELECT i, 1 FROM generate_series(1, 1000) AS i;
"""
PARENTS = ["events", "events_2", "quiet"]
LEAVES = ["events_1", "events_2_a", "events_2_b", "quiet_1"]


@pytest.fixture
def tree(server):
    """Two parents, one of them over two levels, freshly filled."""
    server.sql(TREE)
    server.settle_stats()


def has_statistics_of_the_whole(server, parent):
    return server.value("SELECT count(*) > 0 FROM pg_stats WHERE tablename = %s AND inherited",
                        [parent])


def test_parents_are_analysed_after_their_partitions(runbook, server, tree):
    planned = plan(runbook, server)
    assert {name: planned.actions[name] for name in PARENTS} == dict.fromkeys(PARENTS, "analyze")
    assert set(planned.order[-3:]) == set(PARENTS), "when the partitions were cleaned"

    report = run(runbook, server)
    assert report.outcomes == dict.fromkeys([*PARENTS, *LEAVES], "done")
    for parent in PARENTS:
        assert has_statistics_of_the_whole(server, parent)
        if server.version >= 18:
            assert times_analyzed(server, parent) == 1, "ONLY it, not once more with its parent"


def test_a_clean_tree_is_left_alone(runbook, server, tree):
    run(runbook, server)
    before = times_analyzed(server, "events")
    planned = plan(runbook, server)
    assert set(planned.actions.values()) == {"skip"}
    assert run(runbook, server).outcomes == {}
    assert times_analyzed(server, "events") == before


def test_change_of_one_leaf_reaches_all_its_ancestors_and_nobody_else(runbook, server, tree):
    run(runbook, server)
    server.sql("UPDATE events SET id = -id WHERE day >= 10 AND kind = 'b'")
    server.settle_stats()
    planned = plan(runbook, server)
    assert set(planned.order) == {"events_2_b", "events_2", "events"}
    assert planned.tables["events"]["needs"] == ["partitions_changed"]

    assert run(runbook, server).outcomes == dict.fromkeys(["events_2_b", "events_2", "events"],
                                                          "done")
    assert times_analyzed(server, "quiet") == 1


@pytest.mark.parametrize("version", [14, 18])
def test_autovacuum_got_there_first(runbook, server, tree):
    """Autovacuum's ANALYZE of a partition leaves nothing to do there, but to its parents."""
    run(runbook, server)
    server.sql("DELETE FROM events WHERE kind = 'a' AND day >= 10")
    # It must be clearly later than the parents' own, whose ANALYZE goes on to the partitions.
    server.sql("SELECT pg_sleep(13)")
    server.sql("VACUUM (ANALYZE) events_2_a")
    server.settle_stats()
    assert set(plan(runbook, server).order) == {"events_2", "events"}


def test_a_parent_without_partitions_needs_nothing(runbook, server):
    """ANALYZE of it does nothing and leaves no trace: it would be planned for ever."""
    server.sql("CREATE TABLE future (id int) PARTITION BY RANGE (id)")
    assert plan(runbook, server).actions["future"] == "skip"


def test_parents_alone_with_analyze_only(runbook, server, tree):
    report = run(runbook, server, "--analyze-only", "--table", "events")
    assert report.outcomes["events"] == "done"
    assert has_statistics_of_the_whole(server, "events")
    assert not has_statistics_of_the_whole(server, "quiet")
