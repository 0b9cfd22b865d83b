-- name:  shadow_leftovers
-- doc:   Copies that rehearsals made and nobody works on any more: their makers held a lock of that
--        name for as long as they were alive.
-- since: 140000
-- row:   name text
SELECT d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database AS d
 WHERE d.datname OPERATOR(pg_catalog.~) '^pgrunbook_rehearsal_[0-9]+_[0-9a-f]+$'
