-- name:  report_sizes
-- doc:   All that is known of the sizes of a database's relations, by relation, oldest first.
-- param: $1 int8 node
-- row:   oid int8, at_us int8, bytes int8, seen_week int8
SELECT w.oid, w.at_us, w.bytes, r.seen_week
  FROM relation_week AS w
  JOIN relation AS r ON r.node = w.node AND r.oid = w.oid
 WHERE w.node = $1
UNION ALL
SELECT oid, at_us, bytes, seen_week
  FROM relation
 WHERE node = $1
 ORDER BY 1, 2
