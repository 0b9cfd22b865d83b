-- name:  step_end
-- doc:   Records how a step ended; one that never started has no end either.
-- param: $1 int8 run
-- param: $2 int8 number
-- param: $3 int8 ended_us
-- param: $4 text outcome
-- param: $5 text detail
UPDATE step
   SET ended_us = CASE WHEN started_us > 0 THEN $3 ELSE 0 END, outcome = $4, detail = $5
 WHERE run_id = $1 AND number = $2
