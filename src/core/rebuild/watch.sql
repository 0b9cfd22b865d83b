-- name:  watch
-- doc:   A build at work: its phase, the index it makes, whom it waits for, and who has waited
--        longest for it with a lock behind which everybody else queues.
-- since: 140000
-- param: $1 int4 backend
-- param: $2 oid table
-- param: $3 oid index that is rebuilt, 0: none
-- row:   phase text, building oid, waiting bool, waits_for text, more int8, waiter text,
--        waiter_mode text, waited_ms int8
WITH locks AS MATERIALIZED (
    SELECT l.pid, l.locktype, l.relation, l.transactionid, l.mode, l.granted, l.waitstart
      FROM pg_catalog.pg_locks AS l
     WHERE l.pid OPERATOR(pg_catalog.=) $1
        OR (NOT l.granted
            AND l.locktype OPERATOR(pg_catalog.=) 'relation'
            AND l.database OPERATOR(pg_catalog.=) (
                    SELECT d.oid FROM pg_catalog.pg_database AS d
                     WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
), built AS MATERIALIZED (
    SELECT l.relation AS oid
      FROM locks AS l
      JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) l.relation
     WHERE l.pid OPERATOR(pg_catalog.=) $1
       AND l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND l.granted
       AND i.indrelid OPERATOR(pg_catalog.=) $2
       AND NOT i.indisvalid
       AND i.indexrelid OPERATOR(pg_catalog.<>) $3
     LIMIT 1
)
SELECT p.phase,
       COALESCE((SELECT b.oid FROM built AS b), NULLIF(NULLIF(p.index_relid, $3), 0::pg_catalog.oid))
           AS building,
       EXISTS (SELECT 1 FROM locks AS l
                WHERE l.pid OPERATOR(pg_catalog.=) $1 AND NOT l.granted) AS waiting,
       w.who AS waits_for,
       w.more,
       v.who AS waiter,
       v.mode AS waiter_mode,
       v.waited_ms
  FROM (SELECT 1) AS one
  LEFT JOIN pg_catalog.pg_stat_progress_create_index AS p ON p.pid OPERATOR(pg_catalog.=) $1
  LEFT JOIN LATERAL (
        SELECT pg_catalog.min(
                   CASE WHEN b.pid OPERATOR(pg_catalog.<>) 0
                        THEN pg_catalog.format('pid %s (role %s, application %s%s)', b.pid,
                                COALESCE(a.usename::pg_catalog.text, 'unknown'),
                                COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'),
                                CASE WHEN a.state OPERATOR(pg_catalog.=) 'active' THEN ''
                                     ELSE ', ' OPERATOR(pg_catalog.||) a.state END)
                        ELSE COALESCE((
                             SELECT pg_catalog.format('prepared transaction %L (owner %s)', x.gid,
                                                      x.owner)
                               FROM pg_catalog.pg_prepared_xacts AS x
                               JOIN locks AS l
                                 ON l.transactionid OPERATOR(pg_catalog.=) x.transaction
                              WHERE l.pid OPERATOR(pg_catalog.=) $1 AND NOT l.granted
                              LIMIT 1), 'a prepared transaction') END) AS who,
               pg_catalog.count(*) OPERATOR(pg_catalog.-) 1 AS more
          FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS b (pid)
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) b.pid
         WHERE EXISTS (SELECT 1 FROM locks AS l
                        WHERE l.pid OPERATOR(pg_catalog.=) $1 AND NOT l.granted)) AS w ON true
  LEFT JOIN LATERAL (
        SELECT pg_catalog.format('pid %s (role %s, application %s)', l.pid,
                                 COALESCE(a.usename::pg_catalog.text, 'unknown'),
                                 COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'))
                   AS who,
               l.mode,
               (EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) l.waitstart)
                OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 AS waited_ms
          FROM locks AS l
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
         WHERE l.pid OPERATOR(pg_catalog.<>) $1
           AND NOT l.granted
           AND (l.relation OPERATOR(pg_catalog.=) $2 OR l.relation OPERATOR(pg_catalog.=) $3
                OR l.relation OPERATOR(pg_catalog.=) (SELECT b.oid FROM built AS b))
           AND l.mode OPERATOR(pg_catalog.=) ANY (
                   '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
           AND $1 OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(l.pid))
         ORDER BY l.waitstart
         LIMIT 1) AS v ON true
