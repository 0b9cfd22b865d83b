-- name:  target_zone
-- doc:   The time zone that clients of this role and database have: it decides whether some changes
--        of types rewrite a table.
-- since: 140000
-- row:   zone text
SELECT s.reset_val AS zone
  FROM pg_catalog.pg_settings AS s
 WHERE s.name OPERATOR(pg_catalog.=) 'TimeZone'
