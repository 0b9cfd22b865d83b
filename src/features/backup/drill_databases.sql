-- name:  drill_databases
-- doc:   The databases that allow connections; not what a DROP DATABASE has left that did not end.
-- since: 140000
-- row:   name text
SELECT d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database d
 WHERE d.datallowconn
   AND d.datconnlimit OPERATOR(pg_catalog.<>) -2
 ORDER BY d.datname
