-- name:  findings
-- doc:   What the newest report of a section has found in a database, in its order.
-- param: $1 int8 node
-- param: $2 text only of this section; null: all
-- row:   at_us int8, schema text, name text, relation text, what text, reason text, bytes int8,
--        command text
SELECT at_us, schema, name, relation, what, reason, bytes, command
  FROM finding
 WHERE node = $1 AND ($2 IS NULL OR section = $2)
 ORDER BY section, number
