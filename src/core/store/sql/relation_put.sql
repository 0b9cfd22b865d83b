-- name:  relation_put
-- doc:   Records the newest and the best size of a relation in place of what was known of it.
-- param: $1 int8 node
-- param: $2 int8 oid
-- param: $3 int8 seen_week
-- param: $4 int8 filenode
-- param: $5 int8 at_us
-- param: $6 int8 bytes
-- param: $7 float8 rows
-- param: $8 int8 best_us
-- param: $9 int8 best_bytes
-- param: $10 float8 best_rows
INSERT OR REPLACE INTO relation (node, oid, seen_week, filenode, at_us, bytes, rows, best_us,
                                 best_bytes, best_rows)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
