-- name:  guard
-- doc:   What a backend at work holds and who waits for it, as its guard looks at it: the backend
--        itself (kind seen), relations that others can see and that it keeps from being written
--        (held), the one who has waited longest for it (waiter), what it waits for itself (waits).
--        Indexes and TOAST tables are left out: their tables are there. Who only wants to maintain
--        (VACUUM, ANALYZE, a concurrent build) may wait.
-- since: 140000
-- param: $1 int4 backend
-- param: $2 timestamptz its backend_start
-- row:   kind text, oid oid, what text, mode text, ms int8
WITH locks AS MATERIALIZED (
    SELECT l.pid, l.locktype, l.database, l.relation, l.transactionid, l.mode, l.granted,
           l.waitstart
      FROM pg_catalog.pg_locks AS l
     WHERE l.pid OPERATOR(pg_catalog.=) $1 OR NOT l.granted
), own AS MATERIALIZED (
    SELECT l.* FROM locks AS l WHERE l.pid OPERATOR(pg_catalog.=) $1
), held AS MATERIALIZED (
    SELECT o.relation,
           pg_catalog.max(pg_catalog.array_position(
               '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[],
               o.mode)) AS strength
      FROM own AS o
      JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) o.database
     WHERE o.granted
       AND o.locktype OPERATOR(pg_catalog.=) 'relation'
       AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
     GROUP BY o.relation
), queue AS MATERIALIZED (
    SELECT l.pid, l.mode, l.waitstart,
           (EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) l.waitstart)
            OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 AS ms
      FROM locks AS l
     WHERE l.pid OPERATOR(pg_catalog.<>) $1
       AND l.waitstart IS NOT NULL
       AND l.mode OPERATOR(pg_catalog.<>) 'ShareUpdateExclusiveLock'
       AND (EXISTS (SELECT 1 FROM own AS o
                     WHERE o.locktype OPERATOR(pg_catalog.=) l.locktype
                       AND o.relation OPERATOR(pg_catalog.=) l.relation
                       AND o.database OPERATOR(pg_catalog.=) l.database)
            OR EXISTS (SELECT 1 FROM own AS o
                        WHERE o.transactionid OPERATOR(pg_catalog.=) l.transactionid))
     ORDER BY l.waitstart
     LIMIT 20
)
SELECT 'seen' AS kind, 0::pg_catalog.oid AS oid, NULL::pg_catalog.text AS what,
       NULL::pg_catalog.text AS mode, 0::pg_catalog.int8 AS ms
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid OPERATOR(pg_catalog.=) $1
   AND a.backend_start OPERATOR(pg_catalog.=) $2
UNION ALL
SELECT 'held', c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname),
       ('{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])[h.strength],
       0
  FROM held AS h
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) h.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE h.strength IS NOT NULL
   AND c.relkind OPERATOR(pg_catalog.<>) ALL ('{i,I,t}'::pg_catalog."char"[])
UNION ALL
SELECT 'waiter', w.pid::pg_catalog.int8::pg_catalog.oid, w.who, w.mode, w.ms
  FROM (SELECT q.pid, q.mode, q.ms,
               pg_catalog.format('pid %s (role %s, application %s)', q.pid,
                   COALESCE(a.usename::pg_catalog.text, 'unknown'),
                   COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown')) AS who
          FROM queue AS q
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) q.pid
         WHERE a.backend_type IS DISTINCT FROM 'autovacuum worker'
           AND $1 OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(q.pid))
         ORDER BY q.waitstart
         LIMIT 1) AS w
UNION ALL
SELECT 'waits', 0::pg_catalog.oid, w.who, w.mode, 0
  FROM (SELECT o.mode,
               (SELECT pg_catalog.min(pg_catalog.format('pid %s (role %s, application %s%s)', b.pid,
                           COALESCE(a.usename::pg_catalog.text, 'unknown'),
                           COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'),
                           CASE WHEN a.state OPERATOR(pg_catalog.=) 'active' THEN ''
                                ELSE ', ' OPERATOR(pg_catalog.||) a.state END))
                  FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS b (pid)
                  LEFT JOIN pg_catalog.pg_stat_activity AS a
                         ON a.pid OPERATOR(pg_catalog.=) b.pid) AS who
          FROM own AS o
         WHERE NOT o.granted
         LIMIT 1) AS w
