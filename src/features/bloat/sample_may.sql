-- name:  sample_may
-- doc:   Which of these tables this role may take a sample of: all of their rows have to be
--        visible, and they have to lie in pages as only the access method heap has them.
-- since: 140000
-- param: $1 oid[] tables
-- row:   oid oid, readable bool, hidden bool, heap bool
SELECT c.oid,
       pg_catalog.has_table_privilege(c.oid, 'SELECT')
           AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS readable,
       pg_catalog.row_security_active(c.oid) AS hidden,
       a.amname OPERATOR(pg_catalog.=) 'heap' AS heap
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_am AS a ON a.oid OPERATOR(pg_catalog.=) c.relam
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
