-- name:  drill_databases
-- doc:   The databases, and whether they allow connections; not template0, and not what a DROP
--        DATABASE has left that did not end.
-- since: 140000
-- row:   name text, open bool
SELECT d.datname::pg_catalog.text AS name,
       d.datallowconn AS open
  FROM pg_catalog.pg_database d
 WHERE (d.datallowconn OR d.datname OPERATOR(pg_catalog.<>) 'template0')
   AND d.datconnlimit OPERATOR(pg_catalog.<>) -2
 ORDER BY d.datname
