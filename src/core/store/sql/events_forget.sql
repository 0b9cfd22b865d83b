-- name:  events_forget
-- doc:   Forgets events that are over.
-- param: $1 int8 those that ended before
DELETE FROM event
 WHERE closed_us <> 0 AND closed_us < $1
