-- name:  relation_names_forget
-- doc:   Forgets the names of relations of which nothing else is known any more.
-- param: $1 int8 node
DELETE FROM relation_name
 WHERE node = $1
   AND NOT EXISTS (SELECT 1 FROM relation AS r WHERE r.node = $1 AND r.oid = relation_name.oid)
