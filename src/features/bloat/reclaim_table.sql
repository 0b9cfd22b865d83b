-- name:  reclaim_table
-- doc:   A table right now: what it is, who may do what with it, who is at work on it, its true
--        sizes. Sizes are null while somebody holds or awaits ACCESS EXCLUSIVE on it: asking would
--        wait. pg_repack takes an advisory lock of its own for the table it works on.
-- since: 140000
-- param: $1 oid table
-- param: $2 bool whether this role may rebuild it (reclaim_may)
-- row:   schema text, name text, kind text, persistence text, filenode oid, lack text,
--        reindex_lack text, readable bool, toast text, toast_readable bool, identity bool,
--        key bool, leftover bool, repacking bool, autovacuum bool, holder text, heap int8,
--        toast_heap int8, indexes int8
WITH here AS MATERIALIZED (
    SELECT d.oid, d.datdba FROM pg_catalog.pg_database AS d
     WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
), locks AS MATERIALIZED (
    SELECT l.relation, l.pid, l.mode, l.granted
      FROM pg_catalog.pg_locks AS l
     CROSS JOIN here AS h
     WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
       AND l.database OPERATOR(pg_catalog.=) h.oid
       AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
)
SELECT n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       c.relkind::pg_catalog.text AS kind,
       c.relpersistence::pg_catalog.text AS persistence,
       c.relfilenode AS filenode,
       CASE WHEN NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
            THEN pg_catalog.format('no USAGE on schema %s', n.nspname)
            WHEN NOT $2
                 AND NOT pg_catalog.pg_has_role(h.datdba, 'USAGE')
            THEN pg_catalog.format('it belongs to %s',
                                   pg_catalog.pg_get_userbyid(c.relowner)) END
       AS lack,
       CASE WHEN NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
            THEN pg_catalog.format('no USAGE on schema %s', n.nspname)
            WHEN NOT $2
            THEN pg_catalog.format('it belongs to %s',
                                   pg_catalog.pg_get_userbyid(c.relowner)) END
       AS reindex_lack,
       pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
           AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
       t.relname::pg_catalog.text AS toast,
       COALESCE(pg_catalog.has_schema_privilege(t.relnamespace, 'USAGE')
                AND pg_catalog.has_table_privilege(t.oid, 'SELECT'), false) AS toast_readable,
       c.relreplident OPERATOR(pg_catalog.<>) 'n'
           AND EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                        WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid
                          AND ((i.indisprimary AND i.indimmediate) OR i.indisreplident))
           AS identity,
       EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid
                  AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                  AND 0 OPERATOR(pg_catalog.<>) ALL (i.indkey::pg_catalog.int2[])
                  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a
                                   WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                                     AND a.attnum OPERATOR(pg_catalog.=)
                                         ANY (i.indkey::pg_catalog.int2[])
                                     AND NOT a.attnotnull)) AS key,
       EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g
                WHERE g.tgrelid OPERATOR(pg_catalog.=) c.oid
                  AND g.tgname OPERATOR(pg_catalog.=) 'repack_trigger') AS leftover,
       EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                CROSS JOIN here AS h
                WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
                  AND l.granted
                  AND l.database OPERATOR(pg_catalog.=) h.oid
                  AND l.classid OPERATOR(pg_catalog.=) 16185446::pg_catalog.oid
                  AND l.objid::pg_catalog.int8 OPERATOR(pg_catalog.=)
                      ((2147483648 OPERATOR(pg_catalog.+) c.oid::pg_catalog.int8)
                       OPERATOR(pg_catalog.%) 4294967296)) AS repacking,
       COALESCE(b.autovacuum, false) AS autovacuum,
       b.holder,
       CASE WHEN s.free THEN pg_catalog.pg_relation_size(c.oid) END AS heap,
       CASE WHEN NOT s.free THEN NULL
            WHEN t.oid IS NULL THEN 0
            ELSE pg_catalog.pg_relation_size(t.oid) END AS toast_heap,
       CASE WHEN s.free
            THEN (SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_relation_size(i.indexrelid)), 0)
                    FROM pg_catalog.pg_index AS i
                   WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid
                      OR i.indrelid OPERATOR(pg_catalog.=) t.oid)::pg_catalog.int8 END AS indexes
  FROM pg_catalog.pg_class AS c
 CROSS JOIN here AS h
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t
    ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
   AND c.reltoastrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
 CROSS JOIN LATERAL (
        SELECT NOT EXISTS (
                SELECT 1 FROM locks AS l
                 WHERE l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
                   AND (l.relation OPERATOR(pg_catalog.=) c.oid
                        OR l.relation OPERATOR(pg_catalog.=) t.oid
                        OR EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i
                                    WHERE i.indexrelid OPERATOR(pg_catalog.=) l.relation
                                      AND (i.indrelid OPERATOR(pg_catalog.=) c.oid
                                           OR i.indrelid OPERATOR(pg_catalog.=) t.oid)))) AS free
       ) AS s
  LEFT JOIN LATERAL (
        SELECT a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker' AS autovacuum,
               pg_catalog.format('%s held by pid %s (role %s, application %s)', l.mode, l.pid,
                                 COALESCE(a.usename::pg_catalog.text, 'unknown'),
                                 COALESCE(NULLIF(a.application_name, ''), a.backend_type,
                                          'unknown')) AS holder
          FROM locks AS l
          LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid OPERATOR(pg_catalog.=) l.pid
         WHERE (l.relation OPERATOR(pg_catalog.=) c.oid OR l.relation OPERATOR(pg_catalog.=) t.oid)
           AND l.granted
           AND l.mode OPERATOR(pg_catalog.=) ANY (
                   '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[])
         LIMIT 1) AS b ON true
 WHERE c.oid OPERATOR(pg_catalog.=) $1
