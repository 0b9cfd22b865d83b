-- name:  relation_week_put
-- doc:   Records the last size of an earlier week.
-- param: $1 int8 node
-- param: $2 int8 oid
-- param: $3 int8 week
-- param: $4 int8 filenode
-- param: $5 int8 at_us
-- param: $6 int8 bytes
-- param: $7 float8 rows
INSERT OR REPLACE INTO relation_week (node, oid, week, filenode, at_us, bytes, rows)
VALUES ($1, $2, $3, $4, $5, $6, $7)
