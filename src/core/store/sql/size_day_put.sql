-- name:  size_day_put
-- doc:   Records that sizes were sampled on that day.
-- param: $1 int8 node
-- param: $2 int8 day
-- param: $3 int8 at_us
INSERT OR REPLACE INTO size_day (node, day, at_us)
VALUES ($1, $2, $3)
