"""Sessions that are busy with something, for the stories about long queries."""

import psycopg

from support.servers import wait_until

# Catches every cancel for as long as its session lives.
STUBBORN = """DO $$ BEGIN
    LOOP
        BEGIN PERFORM pg_sleep(60);
        EXCEPTION WHEN query_canceled THEN NULL;
        END;
    END LOOP; END $$"""

# Catches a cancel, and ends a moment later all the same.
RELUCTANT = """DO $$ BEGIN
    BEGIN PERFORM pg_sleep(60);
    EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(0.3);
    END; END $$"""


def busy(server, query="SELECT pg_sleep(60)", name="shop", **more):
    """A session that runs the query from now on; nobody waits for its answer."""
    connection = server.connect(application_name=name, **more)
    connection.pgconn.send_query(query.encode())
    pid = connection.info.backend_pid
    wait_until(lambda: state(server, pid) == "active", what="a session at work")
    return connection


def pid_of(connection):
    return connection.info.backend_pid


def idle_in_transaction(server, statement="SELECT 1", name="shop", **more):
    connection = server.connect(application_name=name, **more)
    connection.execute("BEGIN")
    connection.execute(statement)
    return connection


def state(server, pid):
    """None: it is gone."""
    rows = server.sql("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid])
    return rows[0][0] if rows else None


def receive_wal(server):
    """A walsender at work, as pg_receivewal has one."""
    walsender = psycopg.pq.PGconn.connect(
        server.conninfo(replication="true", application_name="pg_receivewal").encode())
    assert walsender.status == psycopg.pq.ConnStatus.OK, walsender.error_message
    position = walsender.exec_(b"IDENTIFY_SYSTEM").get_value(0, 2)
    walsender.send_query(b"START_REPLICATION " + position)
    wait_until(lambda: server.sql("SELECT 1 FROM pg_stat_replication WHERE application_name = "
                                  "'pg_receivewal' AND state <> 'startup'"), what="a walsender")
    return walsender


def report(runbook, server, *options):
    return runbook("queries", "report", "--json", *options, server=server).expect(0).json


def end(runbook, server, verb, *arguments, code=0):
    """Runs cancel or terminate; the results by pid."""
    document = runbook("queries", verb, "--json", "--yes", *arguments,
                       server=server).expect(code).json
    return {result["pid"]: result for result in document["results"]}
