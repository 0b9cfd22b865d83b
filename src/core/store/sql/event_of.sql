-- name:  event_of
-- doc:   The open event of that target and name.
-- param: $1 text target
-- param: $2 text name
-- row:   id int8
SELECT id
  FROM event
 WHERE target = $1 AND name = $2 AND closed_us = 0
