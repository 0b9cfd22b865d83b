-- name:  node
-- doc:   The samples of a node as a whole.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 text name
-- row:   id int8, first_us int8, last_us int8, samples int8, stats_reset_us int8, sized_us int8
SELECT id, first_us, last_us, samples, stats_reset_us, sized_us
  FROM node
 WHERE system_identifier = $1 AND dbname = $2 AND name = $3
