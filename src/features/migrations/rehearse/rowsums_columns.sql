-- name:  rowsums_columns
-- doc:   The columns of all ordinary tables but those in which tools keep what was applied; one row
--        without a column for a table that has none.
-- since: 140000
-- param: $1 name one more such table
-- row:   schema text, name text, column text
SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
       a.attname::pg_catalog.text AS column
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid OPERATOR(pg_catalog.=) c.oid
   AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND NOT a.attisdropped
 WHERE c.relkind OPERATOR(pg_catalog.=) 'r'
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND NOT n.nspname OPERATOR(pg_catalog.~) '^pg_'
   AND c.relname OPERATOR(pg_catalog.<>) $1::pg_catalog.name
   AND NOT c.relname OPERATOR(pg_catalog.=) ANY (
           '{schema_migrations,goose_db_version,gorp_migrations,flyway_schema_history,
             pgrunbook_migrations}'::pg_catalog.name[])
 ORDER BY n.nspname, c.relname, a.attnum
