-- name:  steps
-- doc:   A run's steps in the order of its plan.
-- param: $1 int8 run
-- row:   number int8, attempts int8, started_us int8, ended_us int8, object text, sql text,
--        reason text, lock_mode text, outcome text, detail text,
--        undo text
SELECT number, attempts, started_us, ended_us, object, sql, reason, lock_mode, outcome, detail,
       undo
  FROM step
 WHERE run_id = $1
 ORDER BY number
