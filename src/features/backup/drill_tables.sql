-- name:  drill_tables
-- doc:   The tables whose rows a dump would read, and large objects.
-- since: 140000
-- row:   name text
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE (c.relkind OPERATOR(pg_catalog.=) 'r'
        OR c.relkind OPERATOR(pg_catalog.=) 'm' AND c.relispopulated)
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND (n.nspname OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,information_schema}')
        OR c.relname OPERATOR(pg_catalog.=) 'pg_largeobject')
   AND n.nspname OPERATOR(pg_catalog.!~~) 'pg\_temp%'
 ORDER BY c.oid
