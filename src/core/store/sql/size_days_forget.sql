-- name:  size_days_forget
-- doc:   Forgets the days that are too long ago, and those that have not come.
-- param: $1 int8 node
-- param: $2 int8 oldest day to keep
-- param: $3 int8 today
DELETE FROM size_day
 WHERE node = $1 AND (day < $2 OR day > $3)
