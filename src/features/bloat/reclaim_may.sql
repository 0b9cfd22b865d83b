-- name:  reclaim_may
-- doc:   Whether this role may rebuild a table and its indexes: its owner may.
-- since: 140000
-- param: $1 oid table
-- row:   may bool
SELECT pg_catalog.pg_has_role(c.relowner, 'USAGE') AS may
  FROM pg_catalog.pg_class AS c
 WHERE c.oid OPERATOR(pg_catalog.=) $1
