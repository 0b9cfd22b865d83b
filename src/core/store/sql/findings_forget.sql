-- name:  findings_forget
-- doc:   Forgets what a section has found in a database.
-- param: $1 int8 node
-- param: $2 text section
DELETE FROM finding
 WHERE node = $1 AND section = $2
