-- name:  result
-- doc:   The index of that name on the table, as the catalogs have it now.
-- since: 140000
-- param: $1 oid table
-- param: $2 name schema
-- param: $3 name index
-- row:   oid oid, valid bool
SELECT c.oid,
       i.indisvalid AND i.indisready AND i.indislive AS valid
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
 WHERE i.indrelid OPERATOR(pg_catalog.=) $1
   AND n.nspname OPERATOR(pg_catalog.=) $2
   AND c.relname OPERATOR(pg_catalog.=) $3
