-- name:  reclaim_waits
-- doc:   Whether the pg_repack that works on this table waits for older transactions to end: it asks
--        once a second which still run. Then the oldest of this database, by name.
-- since: 140000
-- param: $1 oid table
-- row:   waits bool, oldest text
SELECT a.state OPERATOR(pg_catalog.=) ANY ('{idle,active}'::pg_catalog.text[])
           AND a.query OPERATOR(pg_catalog.~~)
               'SELECT pid FROM pg_locks WHERE locktype = ''virtualxid''%' AS waits,
       (SELECT pg_catalog.format('pid %s (role %s, application %s%s)', o.pid,
                                 COALESCE(o.usename::pg_catalog.text, 'unknown'),
                                 COALESCE(NULLIF(o.application_name, ''), o.backend_type, 'unknown'),
                                 CASE WHEN o.state OPERATOR(pg_catalog.=) 'active' THEN ''
                                      ELSE ', ' OPERATOR(pg_catalog.||) o.state END)
          FROM pg_catalog.pg_stat_activity AS o
         WHERE o.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
           AND o.xact_start IS NOT NULL
           AND o.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
           AND o.application_name OPERATOR(pg_catalog.<>) a.application_name
         ORDER BY o.xact_start
         LIMIT 1) AS oldest
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
 WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
   AND l.granted
   AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND l.classid OPERATOR(pg_catalog.=) 16185446::pg_catalog.oid
   AND l.objid::pg_catalog.int8 OPERATOR(pg_catalog.=)
       ((2147483648 OPERATOR(pg_catalog.+) $1::pg_catalog.oid::pg_catalog.int8)
        OPERATOR(pg_catalog.%) 4294967296)
