-- name:  server
-- doc:   The server's connection slots, and what our role may see and end.
-- since: 140000
-- row:   max int8, superuser_reserved int8, reserved int8, in_recovery bool, role text,
--        superuser bool, sees_all bool, may_signal bool
SELECT pg_catalog.current_setting('max_connections')::pg_catalog.int8 AS max,
       pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int8
           AS superuser_reserved,
       0::pg_catalog.int8 AS reserved,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       current_user::pg_catalog.text AS role,
       pg_catalog.current_setting('is_superuser')::pg_catalog.bool AS superuser,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE') AS may_signal
