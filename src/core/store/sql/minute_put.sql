-- name:  minute_put
-- doc:   Records a minute, in place of what was known of it before.
-- param: $1 text target
-- param: $2 int8 minute
-- param: $3 int8 samples
-- param: $4 int8 missed
-- param: $5 int8 ordinary
-- param: $6 int8 used_max
-- param: $7 int8 used_sum
-- param: $8 int8 active_max
-- param: $9 int8 idle_max
-- param: $10 int8 in_transaction_max
-- param: $11 int8 waiting_max
-- param: $12 float8 query_seconds_max
INSERT OR REPLACE INTO minute (target, minute, samples, missed, ordinary, used_max, used_sum,
                               active_max, idle_max, in_transaction_max, waiting_max,
                               query_seconds_max)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
