-- name:  undo_table
-- doc:   The table that an index was on.
-- since: 140000
-- param: $1 name schema
-- param: $2 name table
-- row:   oid oid
SELECT c.oid
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name
   AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
