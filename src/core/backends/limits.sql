-- name:  limits
-- doc:   Databases and roles with a connection limit of their own. Superusers have none.
-- since: 140000
-- row:   kind text, name text, most int8
SELECT 'database' AS kind, d.datname::pg_catalog.text AS name,
       d.datconnlimit::pg_catalog.int8 AS most
  FROM pg_catalog.pg_database AS d
 WHERE d.datconnlimit OPERATOR(pg_catalog.>=) 0
UNION ALL
SELECT 'role', r.rolname::pg_catalog.text, r.rolconnlimit::pg_catalog.int8
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolconnlimit OPERATOR(pg_catalog.>=) 0 AND NOT r.rolsuper AND r.rolcanlogin
