-- name:  shadow_roles
-- doc:   The roles of the server but those it has from the beginning.
-- since: 140000
-- row:   name text, superuser bool, inherits bool, bypasses bool, creates_roles bool, creates_databases bool
SELECT r.rolname::pg_catalog.text AS name, r.rolsuper AS superuser, r.rolinherit AS inherits,
       r.rolbypassrls AS bypasses, r.rolcreaterole AS creates_roles,
       r.rolcreatedb AS creates_databases
  FROM pg_catalog.pg_roles AS r
 WHERE NOT r.rolname OPERATOR(pg_catalog.~) '^pg_'
   AND r.oid OPERATOR(pg_catalog.<>) 10::pg_catalog.oid
 ORDER BY r.rolname
