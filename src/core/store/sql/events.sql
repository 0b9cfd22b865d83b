-- name:  events
-- doc:   Events, newest first.
-- param: $1 text only of this target; null: all
-- param: $2 int8 1: only those that are open
-- param: $3 int8 only those that were open at this time or later
-- param: $4 int8 most rows; negative: no limit
-- row:   id int8, target text, name text, severity text, opened_us int8, closed_us int8,
--        message text, closing text, detail text, run_id int8
SELECT id, target, name, severity, opened_us, closed_us, message, closing, detail, run_id
  FROM event
 WHERE ($1 IS NULL OR target = $1)
   AND (closed_us = 0 OR ($2 = 0 AND closed_us >= $3))
 ORDER BY id DESC
 LIMIT $4
