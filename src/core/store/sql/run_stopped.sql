-- name:  run_stopped
-- doc:   Records who had a run stopped, once.
-- param: $1 int8 run
-- param: $2 text stopped_by
-- param: $3 text stop_reason; null: none
-- param: $4 int8 stopped_us
UPDATE run
   SET stopped_by = $2, stop_reason = $3, stopped_us = $4
 WHERE id = $1
   AND stopped_us = 0
