-- name:  dump_database
-- doc:   What a dump of this database will have to read, as of the last VACUUM or ANALYZE; no lock.
-- since: 140000
-- row:   bytes int8, tables int8
SELECT COALESCE(pg_catalog.sum(c.relpages::pg_catalog.int8
                  OPERATOR(pg_catalog.*) pg_catalog.current_setting('block_size')::pg_catalog.int8),
                0)::pg_catalog.int8 AS bytes,
       pg_catalog.count(*) FILTER (WHERE c.relkind OPERATOR(pg_catalog.=) 'r') AS tables
  FROM pg_catalog.pg_class AS c
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,t}')
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND c.relnamespace OPERATOR(pg_catalog.<>) 'pg_catalog'::pg_catalog.regnamespace
   AND c.relnamespace OPERATOR(pg_catalog.<>) 'information_schema'::pg_catalog.regnamespace
