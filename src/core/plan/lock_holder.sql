-- name:  lock_holder
-- doc:   Who holds that advisory lock, in one readable line.
-- since: 140000
-- param: $1 int4 class
-- param: $2 int4 section
-- row:   holder text
SELECT pg_catalog.format('pid %s (role %s, application %s, client %s, connected %s)',
                         a.pid,
                         COALESCE(a.usename::pg_catalog.text, 'unknown'),
                         COALESCE(NULLIF(a.application_name, ''), 'unknown'),
                         COALESCE(a.client_addr::pg_catalog.text, 'local socket'),
                         COALESCE(pg_catalog.to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'),
                                  'at an unknown time')) AS holder
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
  JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
 WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
   AND l.granted
   AND l.classid OPERATOR(pg_catalog.=) $1::pg_catalog.int4::pg_catalog.int8::pg_catalog.oid
   AND l.objid OPERATOR(pg_catalog.=) $2::pg_catalog.int4::pg_catalog.int8::pg_catalog.oid
   AND l.objsubid OPERATOR(pg_catalog.=) 2::pg_catalog.int2
   AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
