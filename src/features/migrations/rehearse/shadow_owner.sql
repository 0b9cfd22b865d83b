-- name:  shadow_owner
-- doc:   Whose database it is.
-- since: 140000
-- param: $1 name name of the database
-- row:   owner text
SELECT pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner
  FROM pg_catalog.pg_database AS d
 WHERE d.datname OPERATOR(pg_catalog.=) $1::pg_catalog.name
