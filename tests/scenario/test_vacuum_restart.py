"""The server restarts in the middle of a run, in good order or by a crash. The run waits for it,
connects again and finishes; what was done before the restart is not done again."""

import pytest
from support.servers import wait_until
from support.vacuum import (SLOW, configure, ended, last_run, make_dirty_tables, make_slow_table,
                            speed_up, start, step_of, times_analyzed, times_vacuumed,
                            wait_for_vacuum)


def in_good_order(server):
    server.cluster.restart()


def crash(server):
    server.cluster.crash()
    server.cluster.start()


@pytest.mark.parametrize("restart, big_table", [(in_good_order, "1MB"), (crash, "1GB")],
                         ids=["in good order, tables alone", "crash, tables in a batch"])
def test_restart_in_mid_run(runbook, fresh_server, restart, big_table):
    server = fresh_server()
    server.sql("CREATE EXTENSION pg_visibility")
    make_dirty_tables(server, orders=1000)
    make_slow_table(server, "ledger")
    running = start(runbook, server, "-j", 2, *configure(runbook, big_table=big_table, **SLOW))
    wait_for_vacuum(server, "ledger")
    wait_until(lambda: times_vacuumed(server, "orders") == 2 and
               times_analyzed(server, "orders") == 2, what="VACUUM ANALYZE of orders")
    server.sql("UPDATE orders SET payload = 'written after its VACUUM' WHERE id = 1")
    assert hidden_pages(server, "ledger") > 0
    speed_up(server)

    restart(server)
    report = ended(running)
    assert report.outcomes == {"orders": "done", "ledger": "done"}
    assert hidden_pages(server, "ledger") == 0, "what was interrupted is really done"
    assert hidden_pages(server, "orders") > 0, "what was done before is not done again"
    shown = last_run(runbook)
    assert shown["run"]["outcome"] == "done"
    assert step_of(shown, "ledger")["attempts"] == 2


def hidden_pages(server, table):
    """Pages that no VACUUM has been through since they were written: the statistics of a server
    do not survive its crash, its visibility map does."""
    return server.value("""SELECT relpages - all_visible FROM pg_class,
        pg_visibility_map_summary(oid) WHERE oid = %s::regclass""", [table])
