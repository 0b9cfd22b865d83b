-- name:  reading_locked
-- doc:   The table that is kept from its readers for longest, and by whom; one that is only waited for
--        with such a lock keeps them away as well.
-- since: 140000
-- row:   sentence text
SELECT pg_catalog.format('%s.%s, by %s', n.nspname, c.relname,
           CASE WHEN l.pid IS NULL THEN 'a prepared transaction'
                ELSE pg_catalog.format('pid %s (role %s, application %s)', l.pid,
                         COALESCE(a.usename::pg_catalog.text, 'unknown'),
                         COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'))
           END) AS sentence
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
 WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
   AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
   AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
 ORDER BY l.granted DESC, a.xact_start, c.relkind OPERATOR(pg_catalog.=) 'r'::"char" DESC,
          n.nspname, c.relname
 LIMIT 1
