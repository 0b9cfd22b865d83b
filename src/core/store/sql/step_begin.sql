-- name:  step_begin
-- doc:   Records that an attempt at a step starts.
-- param: $1 int8 run
-- param: $2 int8 number
-- param: $3 int8 started_us
-- param: $4 text sql really sent; null: as planned
UPDATE step
   SET outcome = 'running', detail = NULL, attempts = attempts + 1, started_us = $3,
       ended_us = 0, sql = coalesce($4, sql)
 WHERE run_id = $1 AND number = $2
