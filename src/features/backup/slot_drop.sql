-- name:  slot_drop
-- doc:   Drops a replication slot that has lost its WAL.
-- since: 140000
-- param: $1 text its name
-- row:   gone bool
SELECT pg_catalog.pg_drop_replication_slot($1::pg_catalog.text::pg_catalog.name) IS NOT NULL AS gone
