-- name:  step_planned
-- doc:   Records a step of a run's plan.
-- param: $1 int8 run
-- param: $2 int8 number
-- param: $3 text object
-- param: $4 text sql
-- param: $5 text reason
-- param: $6 text lock_mode
-- param: $7 text undo
INSERT INTO step (run_id, number, object, sql, reason, lock_mode, undo)
VALUES ($1, $2, $3, $4, $5, $6, $7)
