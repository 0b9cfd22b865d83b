-- name:  sample_sizes
-- doc:   What a temporary relation and its TOAST table take, and how many chunks this transaction
--        put into the latter. toast_pages is null where there is none, chunks where the server
--        counts nothing.
-- since: 140000
-- param: $1 regclass relation
-- row:   pages int8, toast_pages int8, chunks int8
SELECT pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) b.size AS pages,
       pg_catalog.pg_relation_size(t.oid) OPERATOR(pg_catalog./) b.size AS toast_pages,
       CASE WHEN pg_catalog.current_setting('track_counts')::pg_catalog.bool
            THEN pg_catalog.pg_stat_get_xact_tuples_inserted(t.oid) END AS chunks
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8 AS size) AS b
 WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass
