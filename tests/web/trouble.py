"""Two real servers: a shop in trouble of every kind the pages speak of, and a calm one."""

import sqlite3
from contextlib import closing, suppress

from pgcluster_files import give_to_server_user
from support import bloat, connections, indexes
from support.restoring import OwnersRunbook
from support.serve import lines
from support.servers import Server, start_cluster, wait_until

# A name that would run if any page took it for markup.
EVIL = "<script>alert(1)</script>"
EVIL_SQL = f'"{EVIL}"'

# Names that would run, or mean another table, if any page gave them to a shell as they are.
SCHEMA = "Sales & Co"
NASTY = ("`touch a`", "$(touch b)", "x; touch c", "it's > d", 'a "quoted" *', "Orders\x03\n2026")

# Few enough slots for a pile-up of sessions to be cheap.
SLOTS = {"max_connections": 60, "wal_level": "replica", "max_wal_senders": 6,
         "track_commit_timestamp": True, "archive_timeout": "10s"}

# A test has no five minutes to wait until a session is old.
IMPATIENT = {"connections.idle_for": "2s", "connections.transaction_for": "3s",
             "connections.slow_for": "5s", "connections.young": "1s", "connections.convoy": 3,
             "connections.convoy_for": "1s", "queries.longer_than": "2s"}

MIGRATIONS = {
    "1_customers": ("CREATE TABLE loyalty (id bigint PRIMARY KEY, customer int NOT NULL);\n",
                    "DROP TABLE loyalty;\n"),
    "2_points": ("ALTER TABLE loyalty ADD COLUMN points int NOT NULL DEFAULT 0;\n",
                 "ALTER TABLE loyalty DROP COLUMN points;\n"),
    "3_orders_placed": ("CREATE INDEX orders_placed ON orders (placed_at);\n",
                        "DROP INDEX orders_placed;\n"),
}


def quoted(name):
    """As SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


class Trouble:
    """.shop and .calm are databases, .runbook the program, .settings what the daemon is to be
    told of them. close() ends it all."""

    def __init__(self, versions=(15, 17)):
        self.clusters = [start_cluster(versions[0], SLOTS), start_cluster(versions[1])]
        self.home = home = self.clusters[0].folder / "home"  # the servers' account gets there
        home.mkdir(mode=0o755)
        give_to_server_user(home)
        self.runbook = OwnersRunbook(home)
        self.repo, self.migrations = home / "repo", home / "migrations"
        for folder in self.repo, self.migrations:
            folder.mkdir(mode=0o755)
            give_to_server_user(folder)
        self.shop = self._database(self.clusters[0], "shop")
        self.calm = self._database(self.clusters[1], "crm")
        self.held = []

    @staticmethod
    def _database(cluster, name):
        Server(cluster).sql(f"CREATE DATABASE {name}")
        return Server(cluster, name)

    @property
    def settings(self):
        """NAME → settings of the target."""
        return {"shop": {"conninfo": self.shop.conninfo(), "backup.repo": self.repo,
                         "backup.receive": "on", "backup.schedule": "0 1 * * *",
                         "backup.scratch": self.home, "migrations.dir": self.migrations,
                         **IMPATIENT},
                # A lock is waited for until a test has seen what it came for.
                "crm": {"conninfo": self.calm.conninfo(), "vacuum.lock_timeout": "10min"}}

    def make(self):
        """All of it; the sessions last until let_go()."""
        self._tables()
        self._decay()
        self.calm.make_table("contacts", rows=2000)
        self._history()
        return self

    # -- what stands in the database --

    def _tables(self):
        self.shop.sql("""
            CREATE ROLE web LOGIN; CREATE ROLE reports LOGIN;
            CREATE TABLE customers (id int PRIMARY KEY, email text, country text);
            INSERT INTO customers SELECT i, 'c' || i || '@example.org', 'DE'
              FROM generate_series(1, 20000) AS i;
            CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers,
                                 placed_at timestamptz, state text, note text);
            INSERT INTO orders SELECT i, 1 + i % 20000, now() - i * interval '1 min', 'paid',
                   md5(i::text) FROM generate_series(1, 120000) AS i;
            CREATE TABLE ledger (id int, note text) WITH (autovacuum_enabled = off);
            INSERT INTO ledger SELECT i, md5(i::text) FROM generate_series(1, 40000) AS i;
            CREATE TABLE stock (article int PRIMARY KEY, amount int);
            INSERT INTO stock SELECT i, 100 FROM generate_series(1, 5000) AS i;
            CREATE INDEX orders_state ON orders (state);
            CREATE INDEX orders_state_again ON orders (state);
            CREATE INDEX customers_country ON customers (country);
            GRANT ALL ON ALL TABLES IN SCHEMA public TO web, reports""")
        self.shop.sql(f"""
            CREATE TABLE {EVIL_SQL} (id int PRIMARY KEY, {EVIL_SQL} text);
            INSERT INTO {EVIL_SQL} SELECT i, md5(i::text) FROM generate_series(1, 4000) AS i;
            CREATE INDEX "{EVIL} index" ON {EVIL_SQL} ({EVIL_SQL});
            CREATE INDEX "{EVIL} twin" ON {EVIL_SQL} ({EVIL_SQL})""")

    def add_nasty(self):
        """Tables that are half air, each with an index twice; until drop_nasty()."""
        self.shop.sql(f'CREATE SCHEMA "{SCHEMA}"')
        for name in NASTY:
            table = f'"{SCHEMA}".' + quoted(name)
            self.shop.sql(f"""
                CREATE TABLE {table} (id int PRIMARY KEY, note text) WITH (autovacuum_enabled = off);
                INSERT INTO {table} SELECT i, md5(i::text) FROM generate_series(1, 6000) AS i;
                CREATE INDEX {quoted(name + ' 1')} ON {table} (note);
                CREATE INDEX {quoted(name + ' 2')} ON {table} (note);
                DELETE FROM {table} WHERE id % 4 <> 0""")
            self.shop.sql(f"VACUUM (ANALYZE) {table}")

    def drop_nasty(self):
        self.shop.sql(f'DROP SCHEMA "{SCHEMA}" CASCADE')

    def _decay(self):
        bloat.make_holes(self.shop, "visits", rows=60_000, part=6)
        self.shop.sql("UPDATE stock SET amount = amount - 1")
        self.shop.sql("VACUUM (ANALYZE) orders, customers")
        self.run("vacuum", "run", "--yes", "--table", "stock", "--table", "customers")
        self.shop.sql("DELETE FROM orders WHERE id % 3 = 0")
        self.shop.sql("UPDATE stock SET amount = amount - 1")
        self.shop.sql(f"DELETE FROM {EVIL_SQL} WHERE id % 2 = 0")
        indexes.fail_to_build(
            self.shop, "CREATE UNIQUE INDEX CONCURRENTLY customers_unique ON customers (country)")
        self.shop.settle_stats()

    # -- what stands in the history --

    def run(self, *words, codes=(0,)):
        """As the daemon does it: with the settings of the target, and in its name."""
        return self.runbook(*words, "--config", self.configure(), "--target", "shop",
                            timeout=120).expect(*codes)

    def configure(self):
        file = self.home / "trouble.conf"
        file.write_text("[pgrunbook]\n" + "".join(
            f"[target {name}]\n{lines(more)}" for name, more in self.settings.items()),
            encoding="utf-8")
        file.chmod(0o644)
        return file

    def _history(self):
        """Weeks of sizes, runs of the sections, backups with a proof, migrations rehearsed."""
        for _ in range(4):
            self.run("bloat", "report", "--json")
            bloat.let_days_pass(self.runbook, 7)
            self.shop.sql("INSERT INTO visits SELECT 1000000 + (SELECT max(id) FROM visits) + i, "
                          "md5(i::text) FROM generate_series(1, 15000) AS i; ANALYZE visits")
        self.run("indexes", "report", "--json")
        indexes.let_days_pass(self.runbook, 40)
        self._migrate()
        self._back_up()

    def _migrate(self):
        for name, (up, down) in list(MIGRATIONS.items())[:1]:
            self._migration(name, up, down)
        self.run("migrations", "apply", "--yes", "--force", "a test of the page")
        for name, (up, down) in list(MIGRATIONS.items())[1:]:
            self._migration(name, up, down)
        self.run("migrations", "rehearse")

    def _migration(self, name, up, down):
        (self.migrations / f"{name}.up.sql").write_text(up, encoding="utf-8")
        (self.migrations / f"{name}.down.sql").write_text(down, encoding="utf-8")

    def _back_up(self):
        """Two backups, WAL without a gap behind the first, the second proven by a drill."""
        self.run("backup", "create", "--label", "before the sale")
        receiver = self.runbook.start("backup", "wal", "receive", "--config", self.configure(),
                                      "--target", "shop")
        wait_until(lambda: self.shop.value("SELECT count(*) FROM pg_stat_replication"),
                   what="a receiver")
        for _ in range(4):
            self.shop.sql("UPDATE stock SET amount = amount + 1 WHERE article < 100")
            self.shop.sql("SELECT pg_switch_wal()")
        self.run("backup", "create")
        self.shop.sql("UPDATE stock SET amount = amount - 1 WHERE article < 100")
        self.shop.sql("SELECT pg_switch_wal()")
        receiver.terminate()
        receiver.wait()
        self.run("backup", "drill", "--yes")
        self._lose_wal()

    def _lose_wal(self):
        """A segment between the backups is gone: what is behind it needs the second."""
        backups = self.run("backup", "list", "--json").json["backups"]
        stop, start = (int(backups[i][name].split("/")[1], 16) >> 24
                       for i, name in ((0, "stop_lsn"), (1, "start_lsn")))
        assert start - stop > 2, backups
        (segment,) = self.repo.glob(f"*/wal/00000001/00000001{stop + 2:016X}.zst")
        segment.unlink()

    def history(self, query, *values):
        with closing(sqlite3.connect(self.runbook.history, timeout=10)) as history:
            return history.execute(query, values).fetchall()

    # -- sessions --

    def block(self):
        """Somebody idle in transaction holds a row, three wait behind one another; a long report
        runs, and a vacuum that takes its time."""
        lock = "UPDATE stock SET amount = amount - 1 WHERE article = 1"
        holder = connections.in_transaction(self.shop, statement=lock, user="web",
                                            application_name="checkout")
        waiters = connections.queue(self.shop, 2, lock, user="web", application_name="checkout")
        table = connections.queue(self.shop, 1, "CREATE INDEX stock_amount ON stock (amount)",
                                  application_name="deploy")
        behind = connections.queue(self.shop, 2, lock.replace("= 1", "= 2"), user="web",
                                   application_name="storefront")
        evil = connections.at_work(self.shop, statement=f"SELECT pg_sleep(900) AS {EVIL_SQL}",
                                   user="reports", application_name=EVIL)
        self.shop.sql("DELETE FROM ledger WHERE id % 7 = 0; "
                      "INSERT INTO ledger SELECT generate_series(1, 1000) * 7")
        slow = connections.at_work(self.shop, statement="VACUUM ledger", application_name="nightly",
                                   options="-c vacuum_cost_delay=100 -c vacuum_cost_limit=1")
        idle = connections.idle(self.shop, 12, user="web", application_name="storefront")
        self.held += [*holder, *waiters, *table, *behind, *evil, *slow, *idle]
        return self

    def fill(self, spare=1):
        """Idle sessions until only so many ordinary slots are free."""
        free = self.shop.value(
            "SELECT current_setting('max_connections')::int - 3 - count(*) FROM pg_stat_activity "
            "WHERE backend_type IN ('client backend')")
        made = connections.idle(self.shop, free - spare, user="web",
                                application_name="storefront")
        self.held += made
        return made

    def let_go(self):
        if self.held:  # a server does not notice at once that nobody is there; waiters first
            self.shop.sql("SELECT pg_terminate_backend(pid, 5000) FROM (SELECT pid FROM "
                          "pg_stat_activity WHERE pid = ANY (%s) ORDER BY backend_start DESC) AS a",
                          [connections.pids(self.held)])
        for connection in self.held:
            with suppress(Exception):
                connection.pgconn.finish()
        self.held = []

    def close(self):
        self.let_go()
        self.runbook.close()
        for server in self.shop, self.calm:
            server.close()
        for cluster in self.clusters:
            cluster.remove()
