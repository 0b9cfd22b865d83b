-- name:  database_name
-- doc:   What a database is called that takes connections.
-- since: 140000
-- param: $1 oid database
-- row:   name text
SELECT d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database AS d
 WHERE d.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND d.datallowconn
