-- name:  recheck
-- doc:   The tables of a step right before it starts: still there under the same name, and
--        whether a lock that VACUUM and ANALYZE conflict with is held by someone else.
-- since: 140000
-- param: $1 oid[] tables
-- row:   oid oid, schema text, name text, autovacuum bool, holder text
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       b.autovacuum,
       b.holder
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN LATERAL (
        SELECT a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker' AS autovacuum,
               pg_catalog.format('%s held by pid %s (role %s, application %s)', l.mode, l.pid,
                                 COALESCE(a.usename::pg_catalog.text, 'unknown'),
                                 COALESCE(NULLIF(a.application_name, ''), a.backend_type,
                                          'unknown')) AS holder
          FROM pg_catalog.pg_locks AS l
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) c.oid
           AND l.database OPERATOR(pg_catalog.=) (
                   SELECT CASE WHEN c.relisshared THEN 0::pg_catalog.oid ELSE d.oid END
                     FROM pg_catalog.pg_database AS d
                    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
           AND l.granted
           AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
           AND l.mode OPERATOR(pg_catalog.=) ANY (
                   '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
         LIMIT 1) AS b ON true
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
