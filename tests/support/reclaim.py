"""Words for the stories about `pgrunbook bloat reclaim`: tables full of air, runs, and what is left
of them."""

from golden.documents import check_document
from support.servers import wait_until

ROWS = 12_000  # 4 MB of rows
SMALL = ["--min-size", "500kB"]  # what is worth it, in a story


class Report:
    """The document of a run (or of a dry run), held against its schema. .objects is by name."""

    def __init__(self, document):
        self.document = check_document(document, "bloat.reclaim")
        self.objects = {item["name"]: item for item in document["objects"]}
        self.leftovers = document["leftovers"]
        self.won_bytes = document["won_bytes"]

    @property
    def outcome(self):
        return self.document["outcome"]

    @property
    def means(self):
        return {name: item["means"] for name, item in self.objects.items()}

    @property
    def outcomes(self):
        return {name: item["outcome"] for name, item in self.objects.items()}

    @property
    def sql(self):
        return [step["sql"] for step in self.document["steps"]]

    def reason(self, name):
        item = self.objects[name]
        return item["outcome_reason"] or item["reason"]


def plan(runbook, server, *options):
    result = runbook("bloat", "reclaim", "--dry-run", "--json", *SMALL, *options, server=server)
    return Report(result.expect(0).json)


def start(runbook, server, *options, env=None):
    """A run in the background; ended() waits for it."""
    return runbook.start("bloat", "reclaim", "--yes", "--json", *SMALL, *options, server=server,
                         env=env)


def ended(running, code=0, timeout=60):
    return Report(running.wait(timeout).expect(code).json)


def run(runbook, server, *options, code=0):
    """A whole run; `code` is the exit code it must end with."""
    return ended(start(runbook, server, *options), code)


def configure(runbook, **settings):
    """Options that name a configuration file with these settings of the section."""
    file = runbook.home / "bloat.conf"
    lines = [f"bloat.{name} = {value}\n" for name, value in settings.items()]
    file.write_text("".join(["[pgrunbook]\n", *lines]), encoding="utf-8")
    return ["--config", file]


# ---- tables ------------------------------------------------------------------------------------


def fill(server, name, rows=ROWS):
    server.sql(f"INSERT INTO {name} SELECT i, repeat(md5(i::text), 10) "
               f"FROM generate_series(1, {rows}) AS i")


def settle(server, *names):
    """Vacuumed without giving anything back, analysed, counted."""
    for name in names:
        server.sql(f"VACUUM (TRUNCATE OFF, ANALYZE) {name}")
    server.settle_stats()


def make_holes(server, name, key="PRIMARY KEY", kind="TABLE", rows=ROWS):
    """Three quarters of the rows are gone, all over the table."""
    server.sql(f"CREATE {kind} {name} (id int {key}, payload text)")
    fill(server, name, rows)
    server.sql(f"DELETE FROM {name} WHERE id % 4 <> 0")
    settle(server, name)


def make_empty_end(server, name, key="PRIMARY KEY", kind="TABLE", rows=ROWS):
    """Only the first quarter of the rows is left."""
    server.sql(f"CREATE {kind} {name} (id int {key}, payload text)")
    fill(server, name, rows)
    server.sql(f"DELETE FROM {name} WHERE id > {rows // 4}")
    settle(server, name)


def make_bloated_index(server, name, rows=100_000):
    """A table without air whose index NAME_pkey is half air: new rows took the place of old ones in
    the table, but not in the index, where they belong at the end."""
    server.sql(f"CREATE TABLE {name} (id int PRIMARY KEY, payload int)")
    server.sql(f"INSERT INTO {name} SELECT i, i FROM generate_series(1, {rows}) AS i")
    server.sql(f"DELETE FROM {name} WHERE id % 20 <> 0")
    server.sql(f"VACUUM {name}")
    server.sql(f"INSERT INTO {name} SELECT i, i "
               f"FROM generate_series({rows + 1}, {rows + rows // 20 * 19}) AS i")
    settle(server, name)


def size(server, name):
    return server.value("SELECT pg_relation_size(%s::regclass)", [name])


def total_size(server, name):
    return server.value("SELECT pg_total_relation_size(%s::regclass)", [name])


def filenode(server, name):
    return server.value("SELECT pg_relation_filenode(%s::regclass)", [name])


def checksum(server, name):
    """The same before and after, or rows were lost."""
    return server.sql(f"SELECT count(*), sum(hashtext(t::text)::int8) FROM {name} AS t")[0]


# ---- what is left ------------------------------------------------------------------------------


def nothing_runs(server):
    """True when no statement of the program, or of a pg_repack it started, is at work."""
    return not server.sql("""SELECT 1 FROM pg_stat_activity
        WHERE application_name LIKE 'pgrunbook%%' AND state <> 'idle'""")


def remains(server):
    """What an interrupted pg_repack leaves behind."""
    return server.sql("""SELECT relname::text FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE nspname = 'repack' AND relkind = 'r'
        UNION ALL SELECT tgname::text FROM pg_trigger WHERE tgname = 'repack_trigger'
        UNION ALL SELECT typname::text FROM pg_type AS t
            JOIN pg_namespace AS n ON n.oid = typnamespace
            WHERE nspname = 'repack' AND typname LIKE 'pk\\_%%'""")


# ---- slow for certain --------------------------------------------------------------------------


def make_slow_holes(server, name):
    """A table whose VACUUM (FULL) takes at least 30 s, in connections made from now on: an index of
    it calls a function that sleeps."""
    make_holes(server, name)
    server.sql("""CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        IF pg_catalog.current_setting('story.slow', true) = 'on' THEN
            PERFORM pg_catalog.pg_sleep(0.01);
        END IF;
        RETURN $1; END $$""")
    server.sql(f"CREATE INDEX ON {name} (slow(id))")
    settle(server, name)
    server.sql(f"ALTER DATABASE {server.dbname} SET story.slow = 'on'")


def speed_up(server):
    server.sql(f"ALTER DATABASE {server.dbname} RESET story.slow")


def wait_for_rewrite(server, name):
    """The table is being written anew."""
    wait_until(lambda: server.sql("""SELECT 1 FROM pg_stat_progress_cluster
        WHERE relid = %s::regclass AND phase = 'rebuilding index'""", [name]),
        what=f"the rewrite of {name}")
