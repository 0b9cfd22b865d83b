-- name:  apply_counted
-- doc:   A table as ANALYZE would meet it, which of these columns it still has, and how often the
--        server has counted an ANALYZE of it. A view and the like is none.
-- since: 140000
-- param: $1 text schema
-- param: $2 text name
-- param: $3 text[] columns
-- row:   oid oid, counted int8, columns text[]
SELECT c.oid,
       pg_catalog.pg_stat_get_analyze_count(c.oid) AS counted,
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                AND a.attnum OPERATOR(pg_catalog.>) 0
                AND NOT a.attisdropped
                AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($3::pg_catalog.text[])
              ORDER BY a.attnum) AS columns
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
   AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
   AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m,f}'::pg_catalog."char"[])
