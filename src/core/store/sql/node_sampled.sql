-- name:  node_sampled
-- doc:   Records that the uses of a node's indexes were sampled.
-- param: $1 int8 node
-- param: $2 int8 first_us
-- param: $3 int8 last_us
-- param: $4 int8 samples
-- param: $5 int8 stats_reset_us
UPDATE node
   SET first_us = $2, last_us = $3, samples = $4, stats_reset_us = $5
 WHERE id = $1
