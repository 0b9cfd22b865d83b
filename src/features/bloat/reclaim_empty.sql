-- name:  reclaim_empty
-- doc:   Whether a table has a row on pages from $1 to before $2: a scan that ends at the first. The
--        table's name takes the place of pg_class.
-- since: 140000
-- param: $1 tid first row of the first page
-- param: $2 tid first row of the page behind the last
-- row:   used int4
SELECT 1 AS used FROM ONLY pg_catalog.pg_class
 WHERE ctid OPERATOR(pg_catalog.>=) $1 AND ctid OPERATOR(pg_catalog.<) $2
 LIMIT 1
