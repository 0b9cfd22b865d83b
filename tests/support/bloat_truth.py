"""Words for the stories about `pgrunbook bloat report`: what it says, and what is true."""

SIZES = """
    SELECT c.oid, c.relname, c.relkind::text, pg_relation_size(c.oid)
      FROM pg_class AS c
      LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
      LEFT JOIN pg_class AS o ON o.reltoastrelid IN (c.oid, i.indrelid)
      JOIN pg_namespace AS n ON n.oid = coalesce(o.relnamespace, c.relnamespace)
     WHERE c.relkind IN ('r', 'm', 't', 'i')
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def report(runbook, server, method, *options, code=0, env=None):
    """Objects by name; TOAST tables and their indexes included."""
    result = runbook("bloat", "report", "--json", "--method", method, *options, server=server,
                     env=env, timeout=120)
    return {item["name"]: item for item in result.expect(code).json["objects"]}


def truth(server):
    """Percent that REINDEX (of indexes) and VACUUM FULL (of the rest) give back, by name. Asked
    once, after the reports: afterwards nothing is reclaimable any more."""
    before = server.sql(SIZES)
    tables = server.sql("""SELECT c.oid::regclass::text FROM pg_class AS c
        WHERE c.relkind IN ('r', 'm') AND c.oid >= 16384 AND c.relpersistence <> 't'
          AND c.relnamespace <> 'information_schema'::regnamespace""")
    for (table,) in tables:
        server.sql(f"REINDEX TABLE {table}")
    rebuilt = {oid: size for oid, _, _, size in server.sql(SIZES)}
    for (table,) in tables:
        server.sql(f"VACUUM FULL {table}")
    rewritten = {oid: size for oid, _, _, size in server.sql(SIZES)}
    share = {}
    for oid, name, kind, size in before:
        after = (rebuilt if kind == "i" else rewritten).get(oid, 0)
        share[name] = 100 * max(size - after, 0) / size if size else 0
    return share
