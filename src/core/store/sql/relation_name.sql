-- name:  relation_name
-- doc:   What a relation is called.
-- param: $1 int8 node
-- param: $2 int8 oid
-- row:   kind text, schema text, name text
SELECT kind, schema, name
  FROM relation_name
 WHERE node = $1 AND oid = $2
