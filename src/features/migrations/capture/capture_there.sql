-- name:  capture_there
-- doc:   Whether there is an object of a kind and a name, in one of some schemas.
-- since: 140000
-- param: $1 text relation, type, schema or extension
-- param: $2 text[] the schemas
-- param: $3 name the object's name
-- row:   there bool
SELECT CASE $1
       WHEN 'relation' THEN EXISTS (
            SELECT 1 FROM pg_catalog.pg_class AS c
              JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
             WHERE c.relname OPERATOR(pg_catalog.=) $3::pg_catalog.name
               AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2))
       WHEN 'type' THEN EXISTS (
            SELECT 1 FROM pg_catalog.pg_type AS t
              JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
             WHERE t.typname OPERATOR(pg_catalog.=) $3::pg_catalog.name
               AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2))
       WHEN 'schema' THEN EXISTS (
            SELECT 1 FROM pg_catalog.pg_namespace AS n
             WHERE n.nspname OPERATOR(pg_catalog.=) $3::pg_catalog.name)
       ELSE EXISTS (
            SELECT 1 FROM pg_catalog.pg_extension AS e
             WHERE e.extname OPERATOR(pg_catalog.=) $3::pg_catalog.name)
       END AS there
