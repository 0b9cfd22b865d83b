-- name:  build_end
-- doc:   Nothing invalid is left of what that step was building.
-- param: $1 int8 run
-- param: $2 int8 step
DELETE FROM build WHERE run_id = $1 AND step = $2
