-- name:  filenode_relation
-- doc:   Which relation a file belongs to, by its tablespace and filenode.
-- since: 140000
-- param: $1 oid tablespace
-- param: $2 oid filenode
-- row:   kind text, name text, owner text
SELECT CASE c.relkind WHEN 'i' THEN 'index' WHEN 't' THEN 'TOAST table'
                      WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                      ELSE 'table' END AS kind,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
       (SELECT pg_catalog.format('%I.%I', m.nspname, o.relname)
          FROM pg_catalog.pg_class AS o
          JOIN pg_catalog.pg_namespace AS m ON m.oid OPERATOR(pg_catalog.=) o.relnamespace
         WHERE o.reltoastrelid OPERATOR(pg_catalog.=) c.oid) AS owner
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.oid OPERATOR(pg_catalog.=)
       pg_catalog.pg_filenode_relation($1::pg_catalog.oid, $2::pg_catalog.oid)::pg_catalog.oid
