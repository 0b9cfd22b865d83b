-- name:  minutes_forget
-- doc:   Forgets old minutes.
-- param: $1 int8 those before this one
DELETE FROM minute
 WHERE minute < $1
