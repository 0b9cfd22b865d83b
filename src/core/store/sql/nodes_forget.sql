-- name:  nodes_forget
-- doc:   Forgets the nodes that were not sampled for too long, with all that is known of them.
-- param: $1 int8 oldest sample to keep
DELETE FROM node
 WHERE max(last_us, sized_us) < $1
