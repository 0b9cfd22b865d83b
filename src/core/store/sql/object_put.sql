-- name:  object_put
-- doc:   Records what happened to an object, in place of an earlier record of the same run.
-- param: $1 int8 run
-- param: $2 text schema
-- param: $3 text name
-- param: $4 int8 step
-- param: $5 text outcome
-- param: $6 text reason
-- param: $7 float8 seconds
-- param: $8 int8 bytes
-- param: $9 text before, JSON
-- param: $10 text after, JSON
INSERT OR REPLACE INTO object (run_id, schema, name, step, outcome, reason, seconds, bytes,
                               before, after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
