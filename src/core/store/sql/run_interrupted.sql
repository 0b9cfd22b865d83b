-- name:  run_interrupted
-- doc:   Ends a run whose process was killed before it could.
-- param: $1 int8 run
-- param: $2 int8 ended_us
-- param: $3 int8 exit_code
-- param: $4 text error
UPDATE run
   SET ended_us = $2, outcome = 'interrupted', exit_code = $3, error = $4
 WHERE id = $1 AND ended_us = 0
