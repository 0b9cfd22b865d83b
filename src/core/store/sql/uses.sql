-- name:  uses
-- doc:   The uses of a node's indexes.
-- param: $1 int8 node
-- row:   oid int8, scans int8, quiet_us int8, quiet_samples int8, reset int8
SELECT oid, scans, quiet_us, quiet_samples, reset
  FROM index_use
 WHERE node = $1
