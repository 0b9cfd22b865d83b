-- name:  event_close
-- doc:   Records the end of an event that is open.
-- param: $1 int8 id
-- param: $2 int8 closed_us
-- param: $3 text closing
UPDATE event
   SET closed_us = max($2, opened_us), closing = $3
 WHERE id = $1 AND closed_us = 0
