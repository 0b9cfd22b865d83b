-- name:  migrations_of
-- doc:   What was applied to a database by one version table and taken back, oldest first.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 text ledger
-- row:   run int8, at_us int8, system text, dbname text, ledger text, version text, name text,
--        hash text, direction text, outcome text, longest_hold_ms float8, analyzed bool, forced text
SELECT run_id AS run, at_us, system_identifier AS system, dbname, ledger, version, name, hash,
       direction, outcome, longest_hold_ms, analyzed, forced
  FROM migration
 WHERE system_identifier = $1
   AND dbname = $2
   AND ledger = $3
 ORDER BY at_us, run_id
