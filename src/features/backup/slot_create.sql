-- name:  slot_create
-- doc:   Makes a physical replication slot that keeps WAL from now on.
-- since: 140000
-- param: $1 text its name
-- row:   name text
SELECT (pg_catalog.pg_create_physical_replication_slot(
            $1::pg_catalog.text::pg_catalog.name, true)).slot_name::pg_catalog.text AS name
