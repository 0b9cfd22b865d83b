-- name:  used
-- doc:   How many places clients take, of all, of one database or one role: all but this session and
--        those that are named by pid and start.
-- since: 140000
-- param: $1 text database; NULL: any
-- param: $2 text role; NULL: any
-- param: $3 int4[] pids that do not count
-- param: $4 timestamptz[] backend_start of each
-- row:   used int8
SELECT pg_catalog.count(*) AS used
  FROM pg_catalog.pg_stat_activity AS a
 WHERE (a.backend_type OPERATOR(pg_catalog.=) 'client backend'
        OR (a.backend_type IS NULL AND a.datid IS NOT NULL))
   AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
   AND ($1::pg_catalog.text IS NULL OR a.datname::pg_catalog.text OPERATOR(pg_catalog.=) $1)
   AND ($2::pg_catalog.text IS NULL OR a.usename::pg_catalog.text OPERATOR(pg_catalog.=) $2)
   AND NOT EXISTS (SELECT
                     FROM ROWS FROM (pg_catalog.unnest($3::pg_catalog.int4[]),
                                     pg_catalog.unnest($4::pg_catalog.timestamptz[]))
                              AS leaving (pid, backend_start)
                    WHERE leaving.pid OPERATOR(pg_catalog.=) a.pid
                      AND leaving.backend_start OPERATOR(pg_catalog.=) a.backend_start)
