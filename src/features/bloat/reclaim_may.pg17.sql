-- name:  reclaim_may
-- doc:   Whether this role may rebuild a table and its indexes: from 17 on MAINTAIN allows it.
-- since: 170000
-- param: $1 oid table
-- row:   may bool
SELECT pg_catalog.has_table_privilege(c.oid, 'MAINTAIN') AS may
  FROM pg_catalog.pg_class AS c
 WHERE c.oid OPERATOR(pg_catalog.=) $1
