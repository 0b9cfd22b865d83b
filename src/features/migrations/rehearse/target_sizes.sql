-- name:  target_sizes
-- doc:   How large the tables are by the catalog's count, without touching them: the rows' file with
--        its TOAST, and the indexes. One that was never vacuumed or analyzed is looked at itself,
--        unless somebody has it locked: then nothing is known of it.
-- since: 140000
-- row:   schema text, name text, bytes int8, index_bytes int8
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
       CASE WHEN u.counted
            THEN pg_catalog.current_setting('block_size')::pg_catalog.int8 OPERATOR(pg_catalog.*)
                 (c.relpages OPERATOR(pg_catalog.+) coalesce(t.relpages, 0))
            ELSE pg_catalog.pg_table_size(c.oid::pg_catalog.regclass) END::pg_catalog.int8
           AS bytes,
       CASE WHEN u.counted
            THEN pg_catalog.current_setting('block_size')::pg_catalog.int8 OPERATOR(pg_catalog.*)
                 coalesce((SELECT pg_catalog.sum(x.relpages)
                             FROM pg_catalog.pg_index AS i
                             JOIN pg_catalog.pg_class AS x
                               ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
                            WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid),
                          0)::pg_catalog.int8
            ELSE pg_catalog.pg_indexes_size(c.oid::pg_catalog.regclass) END::pg_catalog.int8
           AS index_bytes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 CROSS JOIN LATERAL (SELECT c.reltuples OPERATOR(pg_catalog.>=) 0::pg_catalog.float4
                            OR c.relpages OPERATOR(pg_catalog.>) 0) AS u(counted)
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog."char"[])
   AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND (u.counted
        OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                        WHERE l.relation OPERATOR(pg_catalog.=) c.oid
                          AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'))
