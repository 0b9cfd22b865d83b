-- name:  end_backend
-- doc:   Terminates a backend of ours that lost its client, and no other that got its pid.
-- since: 140000
-- param: $1 int4 pid
-- param: $2 timestamptz backend_start
-- row:   ended bool
SELECT pg_catalog.pg_terminate_backend(a.pid) AS ended
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid OPERATOR(pg_catalog.=) $1
   AND a.backend_start OPERATOR(pg_catalog.=) $2
   AND a.usename OPERATOR(pg_catalog.=) session_user
