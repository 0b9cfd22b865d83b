-- name:  run_forget
-- doc:   Forgets a run, with its steps and objects.
-- param: $1 int8 run
DELETE FROM run
 WHERE id = $1
