-- name:  drill_databases
-- doc:   The databases that allow connections.
-- since: 140000
-- row:   name text
SELECT d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database d
 WHERE d.datallowconn
 ORDER BY d.datname
