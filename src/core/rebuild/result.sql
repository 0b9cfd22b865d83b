-- name:  result
-- doc:   What was built on the table, as the catalogs have it now: one of these indexes, or else the
--        one of that name.
-- since: 140000
-- param: $1 oid table
-- param: $2 name schema
-- param: $3 name index
-- param: $4 oid[] indexes that were seen being built
-- row:   oid oid, valid bool
SELECT c.oid,
       i.indisvalid AND i.indisready AND i.indislive AS valid
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
 WHERE i.indrelid OPERATOR(pg_catalog.=) $1
   AND (c.oid OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.oid[])
        OR (n.nspname OPERATOR(pg_catalog.=) $2 AND c.relname OPERATOR(pg_catalog.=) $3))
 ORDER BY i.indisvalid DESC, c.oid OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.oid[]) DESC
 LIMIT 1
