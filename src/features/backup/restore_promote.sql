-- name:  restore_promote
-- doc:   Ends the recovery, without waiting for it.
-- since: 140000
-- row:   asked bool
SELECT pg_catalog.pg_promote(false) AS asked
