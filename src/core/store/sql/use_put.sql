-- name:  use_put
-- doc:   Records the use of an index in place of what was known of it.
-- param: $1 int8 node
-- param: $2 int8 oid
-- param: $3 int8 scans
-- param: $4 int8 quiet_us
-- param: $5 int8 quiet_samples
-- param: $6 int8 reset
INSERT OR REPLACE INTO index_use (node, oid, scans, quiet_us, quiet_samples, reset)
VALUES ($1, $2, $3, $4, $5, $6)
