-- name:  look
-- doc:   What has become of one backend, named for good by pid and start; no row: it is gone.
-- since: 140000
-- param: $1 int4 pid
-- param: $2 timestamptz backend_start
-- row:   state text, query_start int8, state_change int8
SELECT COALESCE(a.state, 'hidden') AS state,
       (EXTRACT(epoch FROM a.query_start) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS query_start,
       (EXTRACT(epoch FROM a.state_change) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS state_change
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid OPERATOR(pg_catalog.=) $1
   AND a.backend_start OPERATOR(pg_catalog.=) $2
