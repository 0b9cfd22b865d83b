-- name:  report_migrations
-- doc:   What was applied to all databases and taken back between two moments, oldest first.
-- param: $1 int8 from this time on
-- param: $2 int8 to before this one
-- row:   run int8, at_us int8, system text, dbname text, version text, name text, hash text,
--        direction text, outcome text, longest_hold_ms float8, analyzed bool, forced text
SELECT run_id AS run, at_us, system_identifier AS system, dbname, version, name, hash, direction,
       outcome, longest_hold_ms, analyzed, forced
  FROM migration
 WHERE at_us >= $1 AND at_us < $2 AND outcome <> 'seen'
 ORDER BY at_us, run_id
