-- name:  event_open
-- doc:   Records an event, unless one of that target and name is open.
-- param: $1 text target
-- param: $2 text name
-- param: $3 text severity
-- param: $4 int8 opened_us
-- param: $5 int8 closed_us
-- param: $6 text message
-- param: $7 text detail, JSON
-- param: $8 int8 run_id
INSERT INTO event (target, name, severity, opened_us, closed_us, message, detail, run_id)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
 WHERE $5 <> 0
    OR NOT EXISTS (SELECT 1 FROM event WHERE target = $1 AND name = $2 AND closed_us = 0)
