-- name:  obstacles
-- doc:   Who is in the way of a concurrent build on the table: somebody who builds an index on it,
--        who holds or waits for a lock that conflicts, and the oldest transaction the build would
--        wait for. That is one with a snapshot or with any lock on the table; a prepared one has no
--        snapshot. Sessions that only vacuum, and builds on other tables, are not waited for.
-- since: 140000
-- param: $1 oid table
-- param: $2 float8 milliseconds from which on a transaction is old
-- row:   builder text, holder text, old text, old_seconds float8
WITH here AS MATERIALIZED (
    SELECT d.oid FROM pg_catalog.pg_database AS d
     WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
), activity AS MATERIALIZED (
    SELECT a.pid, a.backend_type, a.backend_xmin, a.datname, a.xact_start,
           pg_catalog.format('pid %s (role %s, application %s%s)', a.pid,
                             COALESCE(a.usename::pg_catalog.text, 'unknown'),
                             COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'),
                             CASE WHEN a.state OPERATOR(pg_catalog.=) 'active' THEN ''
                                  ELSE ', ' OPERATOR(pg_catalog.||) a.state END) AS who
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
), locks AS MATERIALIZED (
    SELECT l.pid, l.mode, l.granted, l.virtualtransaction
      FROM pg_catalog.pg_locks AS l
     CROSS JOIN here AS h
     WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND l.relation OPERATOR(pg_catalog.=) $1
       AND l.database OPERATOR(pg_catalog.=) h.oid
       AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
), old AS MATERIALIZED (
    SELECT a.who, a.xact_start AS since
      FROM activity AS a
     WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
       AND (a.backend_xmin IS NOT NULL
            OR EXISTS (SELECT 1 FROM locks AS l WHERE l.pid OPERATOR(pg_catalog.=) a.pid
                                                  AND l.granted))
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_vacuum AS v
                        WHERE v.pid OPERATOR(pg_catalog.=) a.pid)
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                        WHERE p.pid OPERATOR(pg_catalog.=) a.pid)
    UNION ALL
    SELECT pg_catalog.format('prepared transaction %L (owner %s)', x.gid, x.owner), x.prepared
      FROM pg_catalog.pg_prepared_xacts AS x
     WHERE x.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
       AND EXISTS (SELECT 1 FROM locks AS l
                     JOIN pg_catalog.pg_locks AS own
                       ON own.virtualtransaction OPERATOR(pg_catalog.=) l.virtualtransaction
                    WHERE l.pid IS NULL
                      AND own.pid IS NULL
                      AND own.locktype OPERATOR(pg_catalog.=) 'transactionid'
                      AND own.transactionid OPERATOR(pg_catalog.=) x.transaction)
)
SELECT (SELECT COALESCE(a.who, pg_catalog.format('pid %s', p.pid))
          FROM pg_catalog.pg_stat_progress_create_index AS p
          LEFT JOIN activity AS a ON a.pid OPERATOR(pg_catalog.=) p.pid
         WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
           AND p.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
           AND (p.relid OPERATOR(pg_catalog.=) $1
                OR (p.relid IS NULL
                    AND EXISTS (SELECT 1 FROM locks AS l
                                 WHERE l.pid OPERATOR(pg_catalog.=) p.pid AND l.granted
                                   AND l.mode OPERATOR(pg_catalog.=) ANY (
                                       '{ShareUpdateExclusiveLock,ShareLock}'::pg_catalog.text[]))))
         LIMIT 1) AS builder,
       (SELECT pg_catalog.format('%s %s by %s', l.mode,
                                 CASE WHEN l.granted THEN 'held' ELSE 'waited for' END,
                                 CASE WHEN l.pid IS NULL THEN 'a prepared transaction'
                                      ELSE COALESCE(a.who, pg_catalog.format('pid %s', l.pid)) END)
          FROM locks AS l
          LEFT JOIN activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
         WHERE l.mode OPERATOR(pg_catalog.=) ANY (
                   '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
         ORDER BY l.granted DESC
         LIMIT 1) AS holder,
       o.who AS old,
       o.seconds AS old_seconds
  FROM (SELECT 1) AS one
  LEFT JOIN (
        SELECT old.who,
               EXTRACT(epoch FROM pg_catalog.clock_timestamp()
                                  OPERATOR(pg_catalog.-) old.since)::pg_catalog.float8 AS seconds
          FROM old
         WHERE old.since OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
               pg_catalog.make_interval(secs => $2 OPERATOR(pg_catalog./) 1000::pg_catalog.float8))
         ORDER BY old.since
         LIMIT 1) AS o ON true
