-- name:  schemas
-- doc:   The database's schemas that hold tables: to name a table in a statement a role needs
--        USAGE on its schema, whatever else it may do.
-- since: 140000
-- row:   schema text
SELECT n.nspname::pg_catalog.text AS schema
  FROM pg_catalog.pg_namespace AS n
 WHERE n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
   AND EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c
                WHERE c.relnamespace OPERATOR(pg_catalog.=) n.oid
                  AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p}'::pg_catalog."char"[]))
 ORDER BY n.nspname
