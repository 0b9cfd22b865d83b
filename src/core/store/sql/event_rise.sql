-- name:  event_rise
-- doc:   An event that is open has become worse.
-- param: $1 int8 id
-- param: $2 text severity
-- param: $3 text message
-- param: $4 text detail, JSON
UPDATE event
   SET severity = $2, message = $3, detail = $4
 WHERE id = $1 AND closed_us = 0
