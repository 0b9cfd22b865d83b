"""`pgrunbook check`, verdict by verdict: what it sees, how grave that is, what to type next."""

import os
import subprocess

import pytest
from golden.documents import check_document
from support.servers import wait_until

NAMES = ["transaction_age", "multixact_age", "xmin_horizon", "dead_rows", "stale_statistics",
         "autovacuum_behind", "autovacuum", "invalid_indexes", "duplicate_indexes",
         "foreign_key_indexes", "table_bloat", "index_bloat", "connection_slots",
         "idle_in_transaction", "lock_convoy", "long_queries"]
CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


class Checked:
    """The verdicts by name: .status["dead_rows"], .message[…], .value[…], .next[…]."""

    def __init__(self, runbook, server, *options, **more):
        result = runbook("check", "--json", *options, server=server, **more)
        self.document = check_document(result.json, "check")
        assert result.code == CODES[self.document["status"]]
        self.names = [verdict["name"] for verdict in self.document["verdicts"]]
        for key in ("status", "message", "value", "next"):
            setattr(self, key, {verdict["name"]: verdict[key]
                                for verdict in self.document["verdicts"]})


@pytest.fixture
def healthy(fresh_server):
    """A server to be broken in some way; before that, all is well."""
    def start(**settings):
        server = fresh_server(**settings)
        server.sql("VACUUM (ANALYZE)")
        server.sql("VACUUM pg_statistic")  # which the ANALYZE of everything has filled
        server.settle_stats()
        return server
    return start


# ---- as a whole ------------------------------------------------------------------------------


def test_healthy(runbook, healthy):
    server = healthy()
    checked = Checked(runbook, server)
    assert checked.names == NAMES
    assert set(checked.status.values()) == {"ok"}
    assert set(checked.next.values()) == {None}, "nothing to do, nothing to type"
    result = runbook("check", server=server).expect(0)
    assert result.out.startswith("OK: ")
    assert len(result.out.splitlines()) <= 20
    assert result.err == ""


@pytest.mark.parametrize("version", [15])
def test_the_gravest_verdict_is_the_exit_code(runbook, healthy):
    server = healthy(autovacuum="off")
    server.make_dead_rows("orders", rows=10_000)
    checked = Checked(runbook, server)
    assert checked.status["dead_rows"] == "warning"
    assert checked.status["autovacuum"] == "critical"
    result = runbook("check", server=server).expect(2)
    assert result.out.startswith("CRITICAL: autovacuum is off")
    assert "and 2 more" in result.out.splitlines()[0] or "and 3 more" in result.out.splitlines()[0]
    assert len(result.out.splitlines()) <= 20


@pytest.mark.parametrize("version", [15])
def test_what_is_wrong_has_a_next_command(runbook, healthy):
    server = healthy(autovacuum="off")
    server.make_dead_rows("orders", rows=10_000)
    checked = Checked(runbook, server)
    for name in NAMES:
        assert (checked.next[name] is None) == (checked.status[name] == "ok"), name
    assert checked.next["dead_rows"].startswith("pgrunbook vacuum run")
    # It is meant to be typed.
    words = checked.next["dead_rows"].split()[1:]
    runbook(*words, "--yes", server=server).expect(0)
    assert Checked(runbook, server).status["dead_rows"] == "ok"


def test_check_changes_nothing(runbook, server):
    server.make_dead_rows("orders", rows=1000)
    before = server.sql("SELECT relid, vacuum_count, analyze_count FROM pg_stat_all_tables")
    runbook("check", server=server)
    server.settle_stats()
    after = server.sql("SELECT relid, vacuum_count, analyze_count FROM pg_stat_all_tables")
    assert sorted(before) == sorted(after)
    assert not runbook.history.exists()


# ---- rows and statistics ---------------------------------------------------------------------


def test_dead_rows_and_autovacuum_behind(runbook, healthy):
    server = healthy()
    server.make_dead_rows("orders", rows=10_000, dead=4000)
    checked = Checked(runbook, server)
    assert checked.status["dead_rows"] == "warning"
    assert checked.value["dead_rows"] >= 4000
    assert "public.orders" in checked.message["dead_rows"]
    assert "29%" in checked.message["dead_rows"], "4000 of 14000"
    # Its threshold is 50 rows and a fifth: 2050.
    assert checked.status["autovacuum_behind"] == "ok"
    server.sql("UPDATE orders SET payload = 'again' WHERE id <= 1000")
    server.settle_stats()
    checked = Checked(runbook, server)
    assert checked.status["autovacuum_behind"] == "warning"
    assert "public.orders" in checked.message["autovacuum_behind"]
    assert "2.4 times" in checked.message["autovacuum_behind"]


@pytest.mark.parametrize("version", [14, 18])
def test_stale_statistics(runbook, healthy):
    server = healthy()
    server.sql("CREATE TABLE imported AS SELECT i FROM generate_series(1, 5000) AS i")
    server.settle_stats()
    checked = Checked(runbook, server)
    assert checked.status["stale_statistics"] == "warning"
    assert checked.value["stale_statistics"] == 1
    assert "public.imported" in checked.message["stale_statistics"]
    server.sql("ANALYZE imported")
    server.settle_stats()
    assert Checked(runbook, server).status["stale_statistics"] == "ok"


# ---- age -------------------------------------------------------------------------------------


def test_transaction_age(runbook, healthy):
    """100 % of what autovacuum allows is an ordinary day; far beyond it does not get through."""
    server = healthy(autovacuum_freeze_max_age=100_000, vacuum_failsafe_age=300_000)
    server.make_table("orders", rows=10)
    server.burn_xids(90_000)
    checked = Checked(runbook, server)
    assert checked.status["transaction_age"] == "ok"
    assert 90_000 <= checked.value["transaction_age"] < 100_000
    server.burn_xids(120_000)
    checked = Checked(runbook, server)
    assert checked.status["transaction_age"] == "warning"
    assert checked.value["transaction_age"] >= 210_000
    server.burn_xids(100_000)
    checked = Checked(runbook, server)
    assert checked.status["transaction_age"] == "critical"
    assert checked.next["transaction_age"].startswith("pgrunbook vacuum run")


@pytest.mark.parametrize("version", [14, 18])
def test_worst_table_is_named_and_its_toast_counts(runbook, healthy):
    server = healthy(autovacuum_freeze_max_age=100_000)
    server.sql("CREATE TABLE documents (body text)")
    server.burn_xids(30_000)
    server.sql("VACUUM (FREEZE)")
    server.burn_xids(1000)
    server.sql("VACUUM (FREEZE, PROCESS_TOAST false)")
    server.settle_stats()
    checked = Checked(runbook, server)
    assert "TOAST" in checked.message["transaction_age"]
    assert 1000 <= checked.value["transaction_age"] < 5000


@pytest.mark.parametrize("version", [14, 18])
def test_multixact_age(runbook, healthy):
    server = healthy(autovacuum_multixact_freeze_max_age=10_000,
                     vacuum_multixact_failsafe_age=12_000)
    server.make_table("accounts", rows=10)
    holder, taker = server.connect(), server.connect()
    holder.execute("BEGIN; SELECT FROM accounts WHERE id = 1 FOR KEY SHARE")
    taker.execute("""DO $$ BEGIN FOR i IN 1 .. 11500 LOOP
        PERFORM FROM accounts WHERE id = 1 FOR KEY SHARE; COMMIT; END LOOP; END $$""")
    holder.execute("COMMIT")
    checked = Checked(runbook, server)
    assert checked.status["multixact_age"] == "warning"
    assert 11_000 <= checked.value["multixact_age"] < 12_000


# ---- who holds the horizon back --------------------------------------------------------------


@pytest.mark.parametrize("version", [15])
def test_horizon(runbook, healthy):
    """The four kinds of holders have a file of their own; here is how grave it is."""
    server = healthy()
    report = server.connect(application_name="monthly report")
    report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    checked = Checked(runbook, server)
    assert checked.status["xmin_horizon"] == "ok", "it has only begun"
    assert "monthly report" in checked.message["xmin_horizon"]

    file = runbook.home / "strict.conf"
    for name, status in (("warning", "warning"), ("critical", "critical")):
        file.write_text(f"[pgrunbook]\nvacuum.horizon_{name} = 1s\n")
        wait_until(lambda: server.value("SELECT now() - xact_start > '2 s' FROM pg_stat_activity "
                                        "WHERE application_name = 'monthly report'"))
        checked = Checked(runbook, server, "--config", file)
        assert checked.status["xmin_horizon"] == status
        assert checked.next["xmin_horizon"] == \
            f"SELECT pg_terminate_backend({report.info.backend_pid})"

    # What it says next helps.
    server.sql(checked.next["xmin_horizon"])
    assert Checked(runbook, server).message["xmin_horizon"] == \
        "nothing holds the xmin horizon back"


# ---- autovacuum ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [14, 18])
def test_autovacuum_off_for_the_server(runbook, fresh_server):
    for settings in ({"autovacuum": "off"}, {"track_counts": "off"}):
        checked = Checked(runbook, fresh_server(**settings))
        assert checked.status["autovacuum"] == "critical"
        assert "ALTER SYSTEM" in checked.next["autovacuum"]


@pytest.mark.parametrize("version", [15])
def test_autovacuum_off_for_a_table(runbook, healthy):
    server = healthy()
    server.make_table("queue", rows=10, options="WITH (autovacuum_enabled = false)")
    checked = Checked(runbook, server)
    assert checked.status["autovacuum"] == "warning"
    assert checked.value["autovacuum"] == 1
    assert "public.queue" in checked.message["autovacuum"]


# ---- connection slots ------------------------------------------------------------------------


def test_connection_slots(runbook, healthy):
    server = healthy(max_connections=23, superuser_reserved_connections=3)
    application = [server.connect() for _ in range(10)]
    checked = Checked(runbook, server)
    assert checked.status["connection_slots"] == "ok"
    assert "of 20 connections" in checked.message["connection_slots"]
    assert 11 <= checked.value["connection_slots"] <= 12, "ours is one of them"

    application += [server.connect() for _ in range(6)]
    assert Checked(runbook, server).status["connection_slots"] == "warning"
    application += [server.connect() for _ in range(2)]
    assert Checked(runbook, server).status["connection_slots"] == "critical"


def test_all_slots_taken(runbook, healthy):
    """An ordinary role does not get in any more; that is an answer too."""
    server = healthy(max_connections=8, superuser_reserved_connections=3)
    server.sql("CREATE ROLE monitor LOGIN; GRANT pg_monitor TO monitor")
    application = [server.connect(user="monitor") for _ in range(5)]
    result = runbook("check", "-U", "monitor", server=server).expect(3)
    assert result.out.startswith("UNKNOWN: ")
    assert "slot" in result.out
    assert result.err == ""
    document = check_document(runbook("check", "--json", "-U", "monitor", server=server).json,
                              "check")
    assert document["verdicts"][0]["name"] == "connection"
    assert "superuser" in document["verdicts"][0]["message"], "who still gets in"
    application[0].close()
    wait_until(lambda: runbook("check", "-U", "monitor", server=server).code == 2,
               what="one slot, which we use")


@pytest.mark.parametrize("version", [15])
def test_limit_of_the_database(runbook, healthy):
    """ALTER DATABASE … CONNECTION LIMIT may be the tighter one."""
    server = healthy()
    server.sql("CREATE DATABASE shop CONNECTION LIMIT 10")
    application = [server.connect(dbname="shop") for _ in range(9)]
    checked = Checked(runbook, server, "shop")
    assert len(application) == 9
    assert checked.status["connection_slots"] == "critical"
    assert 'database "shop" may have' in checked.message["connection_slots"]
    assert checked.value["connection_slots"] == 10


# ---- rights ----------------------------------------------------------------------------------


def test_what_cannot_be_read_is_listed_with_its_grant(runbook, healthy):
    server = healthy()
    server.sql('CREATE ROLE "No Body" LOGIN')
    hidden = server.connect()
    hidden.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    checked = Checked(runbook, server, "-U", "No Body")
    assert checked.status["xmin_horizon"] == "unknown"
    gaps = checked.document["unreadable"]
    assert 'GRANT pg_monitor TO "No Body"' in [gap["remedy"] for gap in gaps]
    text = runbook("check", "-U", "No Body", server=server).expect(3).out
    assert "Could not be read:" in text and 'GRANT pg_monitor TO "No Body"' in text
    assert len(text.splitlines()) <= 20

    environment = {**os.environ, **server.environment}
    for gap in gaps:
        subprocess.run(["psql", "-X", "-q", "-c", gap["remedy"]], env=environment, check=True)
    checked = Checked(runbook, server, "-U", "No Body")
    assert checked.document["unreadable"] == []
    assert checked.status["xmin_horizon"] == "ok"
    assert str(hidden.info.backend_pid) in checked.message["xmin_horizon"]


def test_standby_can_be_checked(runbook, fresh_server):
    primary = fresh_server()
    primary.sql("VACUUM (ANALYZE)")
    standby = fresh_server.standby(primary)
    checked = Checked(runbook, standby)
    assert "unknown" not in checked.status.values()
    assert checked.status["connection_slots"] == "ok"
