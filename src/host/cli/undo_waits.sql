-- name:  undo_waits
-- doc:   How long a backend has been waiting for a lock.
-- since: 140000
-- param: $1 int4 backend
-- row:   waited_ms int8
SELECT COALESCE(pg_catalog.max(1000 OPERATOR(pg_catalog.*) EXTRACT(
           EPOCH FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) l.waitstart)),
           0)::pg_catalog.int8 AS waited_ms
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid OPERATOR(pg_catalog.=) $1
   AND NOT l.granted
