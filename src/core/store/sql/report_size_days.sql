-- name:  report_size_days
-- doc:   The days on which the sizes of a database were sampled, oldest first.
-- param: $1 int8 node
-- param: $2 int8 from this time on
-- param: $3 int8 to before this one
-- row:   at_us int8
SELECT at_us
  FROM size_day
 WHERE node = $1 AND at_us >= $2 AND at_us < $3
 ORDER BY day
