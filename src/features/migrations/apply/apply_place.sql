-- name:  apply_place
-- doc:   Where a migration would run: a standby takes none; another pid than the connection's own
--        says that a pooler is in between; the time zone is the role's, which ours is not.
-- since: 140000
-- row:   in_recovery bool, pid int4, time_zone text
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.pg_backend_pid() AS pid,
       (SELECT g.reset_val FROM pg_catalog.pg_settings AS g
         WHERE g.name OPERATOR(pg_catalog.=) 'TimeZone') AS time_zone
