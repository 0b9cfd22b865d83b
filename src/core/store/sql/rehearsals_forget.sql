-- name:  rehearsals_forget
-- doc:   Forgets old rehearsals.
-- param: $1 int8 those before this time
DELETE FROM rehearsal
 WHERE at_us < $1
