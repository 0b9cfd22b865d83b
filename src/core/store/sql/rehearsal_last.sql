-- name:  rehearsal_last
-- doc:   The newest rehearsal of a file on a database.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 text hash
-- row:   run int8, at_us int8, system text, dbname text, version text, name text, hash text,
--        schema_hash text, verdict text, detail text, longest_hold_ms float8,
--        predicted_hold_ms float8, transactional bool, passed bool
SELECT run_id AS run, at_us, system_identifier AS system, dbname, version, name, hash, schema_hash,
       verdict, detail, longest_hold_ms, predicted_hold_ms, transactional, passed
  FROM rehearsal
 WHERE system_identifier = $1
   AND dbname = $2
   AND hash = $3
 ORDER BY at_us DESC, id DESC
 LIMIT 1
