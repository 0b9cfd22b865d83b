-- name:  steps_interrupted
-- doc:   The steps that a killed run was at have ended, too.
-- param: $1 int8 run
-- param: $2 int8 ended_us
-- param: $3 text detail
UPDATE step
   SET ended_us = $2, outcome = 'not_reached', detail = $3
 WHERE run_id = $1 AND outcome = 'running'
