-- name:  lock_try
-- doc:   Takes the advisory lock of a section's runs in this database, or says no at once.
-- since: 140000
-- param: $1 int4 class, the same for all sections
-- param: $2 int4 section
-- row:   got bool
SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS got
