-- name:  use_gone
-- doc:   Forgets the use of an index.
-- param: $1 int8 node
-- param: $2 int8 oid
DELETE FROM index_use
 WHERE node = $1 AND oid = $2
