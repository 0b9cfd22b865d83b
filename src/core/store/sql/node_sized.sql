-- name:  node_sized
-- doc:   Records that the sizes of a node's relations were sampled.
-- param: $1 int8 node
-- param: $2 int8 sized_us
UPDATE node
   SET sized_us = $2
 WHERE id = $1
