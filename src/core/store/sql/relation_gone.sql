-- name:  relation_gone
-- doc:   Forgets the newest size of a relation.
-- param: $1 int8 node
-- param: $2 int8 oid
DELETE FROM relation
 WHERE node = $1 AND oid = $2
