-- name:  shadow_views
-- doc:   The materialized views that have been filled.
-- since: 140000
-- row:   schema text, name text
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relkind OPERATOR(pg_catalog.=) 'm' AND c.relispopulated
 ORDER BY c.oid
