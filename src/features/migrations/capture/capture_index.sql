-- name:  capture_index
-- doc:   An index as CREATE INDEX would make it again.
-- since: 140000
-- param: $1 text[] the schemas to look in
-- param: $2 name the index's name
-- row:   definition text
SELECT pg_catalog.pg_get_indexdef(c.oid) AS definition
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
   AND c.relkind IN ('i', 'I')
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
 LIMIT 1
