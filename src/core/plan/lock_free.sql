-- name:  lock_free
-- doc:   Gives the advisory lock of a section's runs in this database back.
-- since: 140000
-- param: $1 int4 class, the same for all sections
-- param: $2 int4 section
-- row:   freed bool
SELECT pg_catalog.pg_advisory_unlock($1, $2) AS freed
