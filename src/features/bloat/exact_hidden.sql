-- name:  exact_hidden
-- doc:   True size of a table, and how many of its pages pgstattuple_approx has to read because
--        they are not all visible.
-- since: 140000
-- param: $1 regclass table
-- row:   pages int8, hidden_pages int8
SELECT pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) b.size AS pages,
       GREATEST(pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) b.size
                OPERATOR(pg_catalog.-) c.relallvisible, 0) AS hidden_pages
  FROM pg_catalog.pg_class AS c
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8 AS size) AS b
 WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass
