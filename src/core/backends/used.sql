-- name:  used
-- doc:   How many places other clients than this session take: of all, of one database or one role.
-- since: 140000
-- param: $1 text database; NULL: any
-- param: $2 text role; NULL: any
-- row:   used int8
SELECT pg_catalog.count(*) AS used
  FROM pg_catalog.pg_stat_activity AS a
 WHERE (a.backend_type OPERATOR(pg_catalog.=) 'client backend'
        OR (a.backend_type IS NULL AND a.datid IS NOT NULL))
   AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
   AND ($1::pg_catalog.text IS NULL OR a.datname::pg_catalog.text OPERATOR(pg_catalog.=) $1)
   AND ($2::pg_catalog.text IS NULL OR a.usename::pg_catalog.text OPERATOR(pg_catalog.=) $2)
