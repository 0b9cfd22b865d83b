-- name:  waits
-- doc:   Whom a backend waits for right now; null when it waits for nobody.
-- since: 140000
-- param: $1 int4 backend
-- row:   waits_for text
SELECT pg_catalog.min(
           CASE WHEN b.pid OPERATOR(pg_catalog.=) 0 THEN 'a prepared transaction'
                ELSE pg_catalog.format(
                         'pid %s (role %s, application %s%s)', b.pid,
                         COALESCE(a.usename::pg_catalog.text, 'unknown'),
                         COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'),
                         CASE WHEN a.state OPERATOR(pg_catalog.<>) 'active'
                              THEN ', ' OPERATOR(pg_catalog.||) a.state END) END) AS waits_for
  FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS b (pid)
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) b.pid
