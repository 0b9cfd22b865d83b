-- name:  relations
-- doc:   The newest and the best size of every relation, by oid.
-- param: $1 int8 node
-- row:   oid int8, seen_week int8, filenode int8, at_us int8, bytes int8, rows float8,
--        best_us int8, best_bytes int8, best_rows float8
SELECT oid, seen_week, filenode, at_us, bytes, rows, best_us, best_bytes, best_rows
  FROM relation
 WHERE node = $1
 ORDER BY oid
