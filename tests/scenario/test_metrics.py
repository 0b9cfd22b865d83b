"""`/metrics`: what Prometheus reads of a daemon and its targets, whatever the tables are called."""

import json
import subprocess
from contextlib import closing

from support.metrics import all_sections_done, figures, of_family
from support.serve import QUIET, Daemon
from support.servers import ENDS, wait_until

versions = ENDS
OPEN = "application/openmetrics-text; version=1.0.0"
HOSTILE = ("<script>alert(1)</script>", 'two\nlines "quoted" \\', "é (other)")


def scrape(daemon, accept="text/plain"):
    """(text, content type)"""
    with closing(daemon.connect()) as connection:
        connection.request("GET", "/metrics", headers={"Accept": accept})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        assert answer.status == 200, text
        return text, answer.headers["Content-Type"]


def gathered(daemon, *targets):
    """The text, once the targets' figures are in it."""
    def there():
        text = scrape(daemon)[0]
        return text if all(f'pgrunbook_vacuum_tables{{target="{target}"}}' in text
                           for target in targets) else None
    return wait_until(there, timeout=60, what="gathered figures")


def promtool(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text.encode(),
                          capture_output=True, check=False)


def samples(text, family):
    return [line for line in text.splitlines() if line.startswith(family + ("{"))]


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def fill(server, name, rows=1000):
    table = identifier(name)
    server.sql(f"CREATE TABLE {table} (id int PRIMARY KEY)")
    server.sql(f"INSERT INTO {table} SELECT generate_series(1, {rows})")
    server.sql(f"DELETE FROM {table}")


def escaped(name):
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def test_promtool_reads_two_targets(server, runbook):
    other = f"{server.dbname}_other"
    server.sql(f"CREATE DATABASE {other} TEMPLATE template0")
    for name in HOSTILE:
        fill(server, name)
    server.settle_stats()
    targets = {"shop": server, "other": {"conninfo": server.conninfo(dbname=other)}}
    daemon = Daemon(runbook, targets, **QUIET).start()
    text = gathered(daemon, "shop", "other")
    checked = promtool(text)
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, b"", b"")
    for name in HOSTILE:
        assert f'relation="{escaped(name)}"' in text
    # A family stands in one place, with the samples of all targets.
    kinds = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    assert len(samples(text, "pgrunbook_vacuum_tables")) == 2
    assert 'pgrunbook_watch_up{target="shop"} 1' in text
    daemon.stop()


def test_openmetrics_when_asked_for(server, runbook):
    fill(server, "orders")
    daemon = Daemon(runbook, {"shop": server}, **QUIET).start()
    gathered(daemon, "shop")
    text, kind = scrape(daemon, OPEN)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("\n# EOF\n")
    assert "# UNIT pgrunbook_indexes_size_bytes bytes\n" in text
    assert "# TYPE pgrunbook_watch_samples counter\n" in text
    assert "pgrunbook_watch_samples_total{" in text
    text, kind = scrape(daemon)
    assert kind.startswith("text/plain; version=0.0.4")
    assert "# TYPE pgrunbook_watch_samples_total counter\n" in text
    assert "# EOF" not in text
    daemon.stop()


def test_many_tables_are_few_series(server, runbook):
    server.sql("DO $$ BEGIN FOR i IN 1..500 LOOP "
               "EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY) "
               "WITH (autovacuum_enabled = off)', i); "
               "EXECUTE format('INSERT INTO t%s SELECT generate_series(1, 100 + %s)', i, i); "
               "EXECUTE format('DELETE FROM t%s', i); END LOOP; END $$")
    server.settle_stats()
    daemon = Daemon(runbook, {"shop": server}, **{"metrics.top": 5}, **QUIET).start()
    text = gathered(daemon, "shop")
    dead = samples(text, "pgrunbook_vacuum_dead_rows")
    assert len(dead) == 6
    most = server.value("SELECT max(n_dead_tup) FROM pg_stat_user_tables")
    assert dead[0].startswith('pgrunbook_vacuum_dead_rows{target="shop",schema="public",'
                              'relation="t') and dead[0].endswith(f" {most}")
    assert dead[-1].startswith('pgrunbook_vacuum_dead_rows{target="shop",relation="(other)"} ')
    assert float(dead[-1].split()[-1]) > 450 * 100  # 14 may lose some counts
    for family in ("indexes_size_bytes", "bloat_table_size_bytes"):
        assert len(samples(text, f"pgrunbook_{family}")) <= 6
    assert len(text.splitlines()) < 400
    daemon.stop()


def test_a_target_that_is_down_has_no_slots(server, runbook):
    targets = {"shop": server, "gone": {"conninfo": "host=127.0.0.1 port=1 dbname=x"}}
    daemon = Daemon(runbook, targets, **QUIET).start(ready=False)
    wait_until(lambda: 'pgrunbook_watch_up{target="gone"} 0' in scrape(daemon)[0] and
               'pgrunbook_watch_up{target="shop"} 1' in scrape(daemon)[0], what="both states")
    text = scrape(daemon)[0]
    assert 'pgrunbook_watch_slots{target="gone"' not in text
    assert promtool(text).returncode == 0
    daemon.stop()


def test_a_locked_table_holds_nothing_up(server, runbook):
    server.make_table("orders")
    holder = server.connect()
    holder.execute("BEGIN")
    holder.execute("LOCK TABLE orders")
    found = figures(runbook("gather", server=server).expect(0))
    assert all_sections_done(found)
    assert found["connections_sessions", "idle in transaction"] == 1
    holder.execute("ROLLBACK")


def test_a_role_without_rights_gets_what_there_is(server, runbook, roles):
    nobody = roles("nobody")
    server.make_table("orders")
    holder = server.connect()
    answer = runbook("gather", "-U", nobody, server=server).expect(0)
    found = figures(answer)
    assert all_sections_done(found)
    assert found["connections_hidden"] > 0 and found["check_unreadable"] > 0
    assert not of_family(found, "connections_sessions")
    assert found["vacuum_tables"] == 1
    holder.close()


def test_unused_bytes_are_those_the_report_would_drop(server, runbook):
    server.make_table("orders", 20_000)
    server.sql("CREATE INDEX orders_payload ON orders (payload)")
    quick = ("--config", runbook.home / "quick.conf")
    quick[1].write_text("[pgrunbook]\nindexes.evidence = 0\nindexes.min_size = 0\n",
                        encoding="utf-8")
    assert figures(runbook("gather", *quick, server=server))["indexes_observed_seconds"] == 0
    for _ in range(2):
        report = runbook("indexes", "report", "--json", *quick, server=server).json
    dropped = {(index["schema"], index["index"]): index["size_bytes"]
               for index in report["indexes"] for finding in index["findings"]
               if finding["kind"] == "unused" and finding["verdict"].startswith("drop")}
    found = figures(runbook("gather", *quick, server=server).expect(0))
    assert found["indexes_observed_seconds"] > 0
    assert found["indexes_indexes"] == 2
    unused = of_family(found, "indexes_unused_bytes")
    assert unused.pop(("", "(other)")) == 0
    assert unused == dropped and ("public", "orders_payload") in unused
    samples_before = report["nodes"][0]["samples"]
    again = runbook("indexes", "report", "--json", *quick, server=server).json
    assert again["nodes"][0]["samples"] == samples_before + 1  # gathering kept none


def test_migrations_that_are_due(server, runbook):
    folder = runbook.home / "migrations"
    folder.mkdir()
    for number in 1, 2:
        (folder / f"00{number}_part.up.sql").write_text(f"CREATE TABLE part_{number} (id int);")
        (folder / f"00{number}_part.down.sql").write_text(f"DROP TABLE part_{number};")
    file = runbook.home / "folder.conf"
    file.write_text(f"[pgrunbook]\nmigrations.dir = {folder}\n", encoding="utf-8")
    found = figures(runbook("gather", "--config", file, server=server).expect(0))
    assert all_sections_done(found)
    states = of_family(found, "migrations_files")
    assert states.pop(("pending",)) == 2 and set(states.values()) == {0}
    assert ("out_of_order",) in states
    assert not of_family(figures(runbook("gather", server=server)), "migrations_files")


def test_a_turn_that_was_missed_is_told_from_the_first_scrape_on(server, runbook):
    """Also by the daemon after that: what came of the turns before is in the history."""
    yearly = {**QUIET, "vacuum_schedule": "@yearly"}
    daemon = Daemon(runbook, {"shop": server}, **yearly)
    daemon.now_due(hours=24 * 366)
    daemon.start()
    daemon.wait_turn("missed")
    missed = 'pgrunbook_serve_turn_last_missed_timestamp_seconds{target="shop",task="vacuum"} '
    counted = 'pgrunbook_serve_turns_total{target="shop",task="vacuum",outcome="%s"} %d'
    wait_until(lambda: counted % ("missed", 1) in scrape(daemon)[0], what="the missed turn")
    text = scrape(daemon)[0]
    assert missed in text and counted % ("done", 0) in text
    daemon.stop()
    daemon.start()
    text = scrape(daemon)[0]
    assert missed in text and counted % ("missed", 0) in text
    daemon.stop()


def test_gather_prints_what_check_prints(server, runbook):
    checked = runbook("check", "--json", server=server).json
    lines = runbook("gather", server=server).expect(0).out.splitlines()
    check, metrics = (json.loads(line) for line in lines)
    assert (check["line"], metrics["line"]) == ("check", "metrics")
    assert ([verdict["name"] for verdict in check["document"]["verdicts"]]
            == [verdict["name"] for verdict in checked["verdicts"]])
    assert {verdict["section"] for verdict in checked["verdicts"]} >= {"vacuum", "indexes"}
    assert check["document"]["schema"] == "pgrunbook.check/1"


def test_gather_without_a_server_says_why(runbook):
    tried = runbook("gather", "-h", "127.0.0.1", "-p", "1", "x").expect(3)
    assert '"name": "connection", "status": "unknown"' in tried.out
    assert "metrics" not in tried.out
