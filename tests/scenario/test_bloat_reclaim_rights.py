"""What a role may not do is said with its owner's name; what it may is done."""

from support.reclaim import configure, make_bloated_index, make_empty_end, make_holes, plan, run, size
from support.servers import ENDS

versions = ENDS


def test_nothing_may_be_done(runbook, server, roles):
    make_empty_end(server, "events")
    server.sql(f"ALTER TABLE events OWNER TO {roles('app', '')}")
    visitor = roles("visitor")
    server.sql(f"GRANT pg_read_all_data TO {visitor}")
    before = size(server, "events")
    report = run(runbook, server, "-U", visitor, code=4)
    assert report.outcome == "refused"
    assert report.outcomes == {"events": "skipped"}
    assert f"{server.dbname}_app" in report.reason("events")
    assert size(server, "events") == before


def test_some_may_be_done(runbook, server, roles):
    make_empty_end(server, "mine")
    make_empty_end(server, "theirs")
    make_bloated_index(server, "index_of_theirs")
    owner, other = roles("app"), roles("other", "")
    server.sql(f"ALTER TABLE mine OWNER TO {owner}; ALTER TABLE theirs OWNER TO {other};"
               f"ALTER TABLE index_of_theirs OWNER TO {other}; GRANT pg_read_all_data TO {owner}")
    report = run(runbook, server, "-U", owner, code=5)
    assert report.outcomes == {"mine": "done", "theirs": "skipped",
                               "index_of_theirs_pkey": "skipped"}
    assert other in report.reason("theirs") and other in report.reason("index_of_theirs_pkey")


def test_owner_alone_is_enough(runbook, server, roles):
    """No superuser, no membership: sample, truncation, rebuild and VACUUM (FULL) of one's own."""
    owner = roles("app")
    make_empty_end(server, "events")
    make_holes(server, "holes")
    make_bloated_index(server, "orders")
    for table in ("events", "holes", "orders"):
        server.sql(f"ALTER TABLE {table} OWNER TO {owner}")
    report = run(runbook, server, "-U", owner, "--allow-exclusive-lock")
    assert report.means == {"events": "vacuum_truncate", "holes": "vacuum_full",
                            "orders_pkey": "reindex_concurrently"}
    assert set(report.outcomes.values()) == {"done"}


def test_end_that_may_not_be_read(runbook, server, roles):
    """Without SELECT nobody knows whether the end is empty, and nothing is tried."""
    owner = roles("app")
    make_empty_end(server, "events")
    server.sql(f"GRANT pg_read_all_stats TO {owner}; ALTER TABLE events OWNER TO {owner};"
               f"GRANT SELECT ON pg_statistic TO {owner};"
               f"REVOKE SELECT ON events FROM {owner}")
    planned = plan(runbook, server, "-U", owner, "--method", "estimate")
    if planned.objects:
        assert planned.means == {"events": "none"}
        assert "SELECT" in planned.reason("events")
    else:
        assert planned.document["not_visible"] == 1


def test_disk_that_cannot_be_seen(runbook, server, roles):
    """A role that may not know the data directory gets a limit instead."""
    owner = roles("app")
    make_holes(server, "holes")
    server.sql(f"ALTER TABLE holes OWNER TO {owner}")
    options = configure(runbook, blind_size="500kB")
    as_owner = [*options, "--allow-exclusive-lock", "-U", owner]
    report = run(runbook, server, *as_owner, code=5)
    assert report.outcomes == {"holes": "skipped"}
    assert "bloat.blind_size" in report.reason("holes")
    server.sql(f"GRANT pg_read_all_settings TO {owner}")
    assert run(runbook, server, *as_owner).outcomes == {"holes": "done"}
