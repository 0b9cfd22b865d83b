-- name:  capture_comment
-- doc:   A table's comment; no row where there is no table.
-- since: 140000
-- param: $1 text[] the schemas to look in
-- param: $2 name the table's name
-- row:   comment text
SELECT pg_catalog.obj_description(c.oid, 'pg_class') AS comment
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
 LIMIT 1
