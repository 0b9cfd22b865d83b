-- name:  trace_locks
-- doc:   The locks on relations that a backend holds.
-- since: 140000
-- param: $1 int4 the backend
-- row:   oid oid, mode text
SELECT l.relation AS oid, l.mode
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid OPERATOR(pg_catalog.=) $1::pg_catalog.int4
   AND l.locktype OPERATOR(pg_catalog.=) 'relation'
   AND l.granted
