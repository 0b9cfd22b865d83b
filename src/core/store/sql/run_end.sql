-- name:  run_end
-- doc:   Records how a run ended, once.
-- param: $1 int8 run
-- param: $2 int8 ended_us
-- param: $3 text outcome
-- param: $4 int8 exit_code
-- param: $5 text error
-- param: $6 text summary, JSON
UPDATE run
   SET ended_us = $2, outcome = $3, exit_code = $4, error = $5, summary = $6
 WHERE id = $1
   AND ended_us = 0
