-- name:  relation_weeks_gone
-- doc:   Forgets the earlier sizes of a relation.
-- param: $1 int8 node
-- param: $2 int8 oid
DELETE FROM relation_week
 WHERE node = $1 AND oid = $2
