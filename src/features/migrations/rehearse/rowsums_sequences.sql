-- name:  rowsums_sequences
-- doc:   How far each sequence is; none while it was never used.
-- since: 140000
-- row:   schema text, name text, last int8, falls bool
SELECT s.schemaname::pg_catalog.text AS schema, s.sequencename::pg_catalog.text AS name,
       s.last_value AS last, s.increment_by OPERATOR(pg_catalog.<) 0 AS falls
  FROM pg_catalog.pg_sequences AS s
 WHERE s.last_value IS NOT NULL
