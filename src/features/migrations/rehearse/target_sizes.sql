-- name:  target_sizes
-- doc:   How large the tables are by the catalog's count, without touching them: the rows' file with
--        its TOAST, and the indexes. One that was never vacuumed or analyzed is not known.
-- since: 140000
-- row:   schema text, name text, bytes int8, index_bytes int8
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
       (pg_catalog.current_setting('block_size')::pg_catalog.int8 OPERATOR(pg_catalog.*)
        (c.relpages OPERATOR(pg_catalog.+) coalesce(t.relpages, 0)))::pg_catalog.int8 AS bytes,
       (pg_catalog.current_setting('block_size')::pg_catalog.int8 OPERATOR(pg_catalog.*)
        coalesce((SELECT pg_catalog.sum(x.relpages)
                    FROM pg_catalog.pg_index AS i
                    JOIN pg_catalog.pg_class AS x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
                   WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid), 0)::pg_catalog.int8)
           ::pg_catalog.int8 AS index_bytes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog."char"[])
   AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND NOT (c.reltuples OPERATOR(pg_catalog.<) 0::pg_catalog.float4
            AND c.relpages OPERATOR(pg_catalog.=) 0)
