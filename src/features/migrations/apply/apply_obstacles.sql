-- name:  apply_obstacles
-- doc:   Who is in the way of a change of these tables: long transactions that hold a lock on one
--        (or, for a concurrent build, have any snapshot), and vacuums against wraparound, which do
--        not give way. And how many sessions this role may not see into.
-- since: 140000
-- param: $1 oid[] tables
-- param: $2 float8 milliseconds from which on a transaction is long
-- param: $3 bool snapshots count as well
-- row:   kind text, sentence text
WITH locks AS MATERIALIZED (
    SELECT l.pid, l.virtualtransaction, l.relation, l.mode
      FROM pg_catalog.pg_locks AS l
      JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
     WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND l.granted
       AND l.relation OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
       AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
       AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
), activity AS MATERIALIZED (
    SELECT a.pid, a.query, a.backend_type, a.backend_xmin,
           pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
                                           a.xact_start)::pg_catalog.text AS old,
           a.xact_start OPERATOR(pg_catalog.<)
               (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
                pg_catalog.make_interval(secs => $2::pg_catalog.float8
                                                 OPERATOR(pg_catalog./) 1000::pg_catalog.float8))
               AS long,
           pg_catalog.format('pid %s (role %s, application %s%s)', a.pid,
               COALESCE(a.usename::pg_catalog.text, 'unknown'),
               COALESCE(NULLIF(a.application_name, ''), a.backend_type, 'unknown'),
               CASE WHEN a.state OPERATOR(pg_catalog.=) 'active' THEN ''
                    ELSE ', ' OPERATOR(pg_catalog.||) a.state END) AS who
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
       AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
)
SELECT 'transaction' AS kind,
       pg_catalog.format('%s has a transaction of %s%s', a.who, a.old,
           COALESCE((SELECT pg_catalog.format(', with %s on %s', pg_catalog.min(l.mode),
                            pg_catalog.min(c.relname::pg_catalog.text))
                       FROM locks AS l
                       JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation
                      WHERE l.pid OPERATOR(pg_catalog.=) a.pid
                     HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0), '')) AS sentence
  FROM activity AS a
 WHERE a.long
   AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
   AND (EXISTS (SELECT 1 FROM locks AS l WHERE l.pid OPERATOR(pg_catalog.=) a.pid)
        OR ($3 AND a.backend_xmin IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_vacuum AS v
                             WHERE v.pid OPERATOR(pg_catalog.=) a.pid)))
UNION ALL
SELECT 'transaction',
       pg_catalog.format('prepared transaction %L (owner %s) is there since %s', x.gid, x.owner,
                         pg_catalog.date_trunc('second', x.prepared))
  FROM pg_catalog.pg_prepared_xacts AS x
 WHERE x.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND EXISTS (SELECT 1 FROM locks AS l
                 JOIN pg_catalog.pg_locks AS own
                   ON own.virtualtransaction OPERATOR(pg_catalog.=) l.virtualtransaction
                WHERE l.pid IS NULL
                  AND own.pid IS NULL
                  AND own.locktype OPERATOR(pg_catalog.=) 'transactionid'
                  AND own.transactionid OPERATOR(pg_catalog.=) x.transaction)
UNION ALL
SELECT 'vacuum',
       pg_catalog.format('%s: %s', a.who, a.query)
  FROM activity AS a
 WHERE a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker'
   AND a.query OPERATOR(pg_catalog.~~) '%(to prevent wraparound)'
   AND EXISTS (SELECT 1 FROM locks AS l WHERE l.pid OPERATOR(pg_catalog.=) a.pid)
UNION ALL
SELECT 'unseen',
       pg_catalog.format('of %s sessions of other roles nothing can be seen', b.unseen)
  FROM (SELECT pg_catalog.count(*) AS unseen
          FROM activity AS a
         WHERE a.query OPERATOR(pg_catalog.=) '<insufficient privilege>') AS b
 WHERE b.unseen OPERATOR(pg_catalog.>) 0
