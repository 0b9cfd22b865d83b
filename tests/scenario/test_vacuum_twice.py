"""Two people start a run on one database: the second is told who was first, and does nothing."""

import re

from support.vacuum import (SLOW, configure, make_dirty_tables, make_slow_table, last_run, run,
                            speed_up, times_vacuumed, wait_for_vacuum, start, ended)


def test_second_run_is_refused(runbook, server):
    make_slow_table(server, "ledger", pages=1000)
    first = start(runbook, server, *configure(runbook, **SLOW))
    wait_for_vacuum(server, "ledger")
    make_dirty_tables(server, orders=1000)

    second = runbook("vacuum", "run", "--yes", server=server).expect(4)
    assert server.dbname in second.err
    holder = int(re.search(r"pid (\d+)", second.err).group(1))
    assert holder in [pid for pid, *_ in server.backends("pgrunbook vacuum")]
    assert "pgrunbook vacuum" in second.err
    assert last_run(runbook)["run"]["outcome"] == "refused"
    assert times_vacuumed(server, "orders") == 1
    assert first.running(), "the first is not disturbed"

    # To look is allowed at any time.
    runbook("vacuum", "plan", server=server).expect(0)
    runbook("vacuum", "run", "--dry-run", server=server).expect(0)

    first.interrupt()
    first.wait().expect(130)
    speed_up(server)
    run(runbook, server)
    assert times_vacuumed(server, "orders") == 2


def test_other_databases_are_free(runbook, server):
    make_slow_table(server, "ledger", pages=100)
    first = start(runbook, server, *configure(runbook, **SLOW))
    wait_for_vacuum(server, "ledger")
    runbook("vacuum", "run", "--yes", "--table", "pg_class", "postgres", server=server).expect(0)
    assert first.running()
    ended(first)
