-- name:  restore_dump_missing
-- doc:   Of these tables, views, sequences and indexes, the ones that this database has not.
-- since: 140000
-- param: $1 text[] their schemas
-- param: $2 text[] their names
-- row:   schema text, name text
SELECT w.schema, w.name
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]),
                  pg_catalog.unnest($2::pg_catalog.text[])) AS w(schema, name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c
                     JOIN pg_catalog.pg_namespace AS n
                       ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                    WHERE n.nspname OPERATOR(pg_catalog.=) w.schema
                      AND c.relname OPERATOR(pg_catalog.=) w.name)
