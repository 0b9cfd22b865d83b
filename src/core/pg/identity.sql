-- name:  identity
-- doc:   Which cluster and database this is, and whether it may be written to.
-- since: 140000
-- row:   in_recovery bool, database text, role text, is_superuser bool, encoding text
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.current_database()::pg_catalog.text AS database,
       current_user::pg_catalog.text AS role,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r
         WHERE r.rolname OPERATOR(pg_catalog.=) current_user) AS is_superuser,
       pg_catalog.current_setting('server_encoding') AS encoding
