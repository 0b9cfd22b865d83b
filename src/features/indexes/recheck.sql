-- name:  recheck
-- doc:   An index right before it is dropped: still the same, how often it was scanned since, and
--        who holds a lock on its table that a concurrent drop has to wait for.
-- since: 140000
-- param: $1 oid index
-- row:   schema text, name text, valid bool, scans int8, holder text
SELECT n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       i.indisvalid AS valid,
       pg_catalog.pg_stat_get_numscans(c.oid) AS scans,
       b.holder
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN LATERAL (
        SELECT pg_catalog.format('%s held by pid %s (role %s, application %s)', l.mode, l.pid,
                                 COALESCE(a.usename::pg_catalog.text, 'unknown'),
                                 COALESCE(NULLIF(a.application_name, ''), a.backend_type,
                                          'unknown')) AS holder
          FROM pg_catalog.pg_locks AS l
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) i.indrelid
           AND l.granted
           AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
           AND l.database OPERATOR(pg_catalog.=) (
                   SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
           AND l.mode OPERATOR(pg_catalog.=) ANY (
                   '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
         LIMIT 1) AS b ON true
 WHERE i.indexrelid OPERATOR(pg_catalog.=) $1
