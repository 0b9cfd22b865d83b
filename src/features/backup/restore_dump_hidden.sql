-- name:  restore_dump_hidden
-- doc:   Tables whose policies apply to our role: it sees some of the rows, or none.
-- since: 140000
-- row:   schema text, name text
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}')
   AND c.relrowsecurity
   AND pg_catalog.row_security_active(c.oid)
