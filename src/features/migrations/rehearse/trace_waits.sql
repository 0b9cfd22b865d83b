-- name:  trace_waits
-- doc:   For how long a backend has been waiting for a lock; no row when it does not wait.
-- since: 140000
-- param: $1 int4 the backend
-- row:   waited_ms float8
SELECT (1000 OPERATOR(pg_catalog.*) pg_catalog.date_part('epoch',
            pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) l.waitstart))::pg_catalog.float8
           AS waited_ms
  FROM pg_catalog.pg_locks AS l
 WHERE l.pid OPERATOR(pg_catalog.=) $1::pg_catalog.int4
   AND NOT l.granted
   AND l.waitstart IS NOT NULL
 LIMIT 1
