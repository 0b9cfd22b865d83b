-- name:  locks
-- doc:   Relations of this database on which somebody else holds or awaits ACCESS EXCLUSIVE:
--        whoever opens one now has to wait.
-- since: 140000
-- row:   relation oid, holder text
SELECT l.relation,
       pg_catalog.format('ACCESS EXCLUSIVE %s by pid %s (role %s, application %s)',
                         CASE WHEN l.granted THEN 'held' ELSE 'awaited' END, l.pid,
                         COALESCE(a.usename::pg_catalog.text, 'unknown'),
                         COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'))
           AS holder
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
 WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
   AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
   AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
   AND l.database OPERATOR(pg_catalog.=) (
           SELECT d.oid FROM pg_catalog.pg_database AS d
            WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
