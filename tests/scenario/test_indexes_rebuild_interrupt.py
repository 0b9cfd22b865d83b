"""A rebuild that is stopped in each of its phases, in each way there is. PostgreSQL leaves an
invalid index behind then, which every write maintains and no query uses. It is dropped at once
where the one who holds the rebuild up allows, else by the next run."""

import pytest
from support.rebuild import (DROP_HELD_UP, INDEX, PHASES, SWAPPED, ended, holding, invalid,
                             make_holdable, rebuild, start)
from support.servers import ENDS
from support.vacuum import last_run

# Its queries have other texts from 17 on.
versions = ENDS

phases = pytest.mark.parametrize("phase", PHASES)


@pytest.fixture
def orders(server):
    make_holdable(server)


def still_unique(server):
    """The index does what it is there for."""
    assert server.value("""SELECT indisvalid AND indisready AND indisunique FROM pg_index
        WHERE indexrelid = %s::regclass""", [INDEX])
    with pytest.raises(Exception, match="duplicate key"):
        server.sql("INSERT INTO orders VALUES (1)")


def check_stopped(runbook, server, phase, report, hold):
    """What is left, now and after the next run. report is the one of the run that was stopped."""
    if phase == "initializing":
        assert report.leftovers == {} and invalid(server) == []
    elif phase in DROP_HELD_UP:
        (name, left), = report.leftovers.items()
        assert left["whose"] == "ours" and left["outcome"] == "left"
        assert invalid(server) == [name]
        assert "the next run drops it" in report.err and left["drop_sql"] in report.err
    else:
        assert [left["outcome"] for left in report.leftovers.values()] == ["dropped"]
        assert invalid(server) == []
    drops = [step["outcome"] for step in last_run(runbook)["steps"][1:]]
    assert drops == ([] if phase == "initializing" else
                     ["skipped", "skipped"] if phase in DROP_HELD_UP else ["done"])
    if phase in SWAPPED:
        assert report.outcomes == {INDEX: "done"}
        assert "the new index was in place" in report.reason()
    still_unique(server)

    hold.release()
    after = rebuild(runbook, server, INDEX)
    assert set(after.outcomes.values()) == {"done"} and after.leftovers == {}
    dropped = [name for name, index in after.indexes.items() if index["action"] == "drop"]
    assert dropped == (list(report.leftovers) if phase in DROP_HELD_UP else [])
    assert invalid(server) == []
    still_unique(server)


@phases
def test_ctrl_c(runbook, server, orders, phase):
    with holding(server, phase, lambda: start(runbook, server, INDEX)) as (running, _, hold):
        running.interrupt()
        report = ended(running, 130)
        if phase not in SWAPPED:
            assert report.outcomes == {INDEX: "not_reached"}
            assert "interrupted" in report.reason()
        check_stopped(runbook, server, phase, report, hold)


@phases
def test_end_of_the_window(runbook, server, orders, phase):
    options = ["--window", "4s", INDEX]
    with holding(server, phase, lambda: start(runbook, server, *options)) as (running, _, hold):
        report = ended(running, 5 if phase not in SWAPPED or phase in DROP_HELD_UP else 0)
        if phase not in SWAPPED:
            assert report.outcomes == {INDEX: "not_reached"}
            assert "window's end" in report.reason()
        check_stopped(runbook, server, phase, report, hold)
