-- name:  capture_constraint
-- doc:   A table's constraint as ADD CONSTRAINT would make it again.
-- since: 140000
-- param: $1 text[] the schemas to look in
-- param: $2 name the table's name
-- param: $3 name the constraint's name
-- row:   definition text
SELECT pg_catalog.pg_get_constraintdef(k.oid) AS definition
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
   AND k.conname OPERATOR(pg_catalog.=) $3::pg_catalog.name
 LIMIT 1
