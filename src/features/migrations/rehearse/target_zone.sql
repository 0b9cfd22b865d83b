-- name:  target_zone
-- doc:   The time zone that clients of this role and database have: it decides whether some changes
--        of types rewrite a table. And how large the database is.
-- since: 140000
-- row:   zone text, bytes int8
SELECT s.reset_val AS zone,
       pg_catalog.pg_database_size(pg_catalog.current_database())::pg_catalog.int8 AS bytes
  FROM pg_catalog.pg_settings AS s
 WHERE s.name OPERATOR(pg_catalog.=) 'TimeZone'
