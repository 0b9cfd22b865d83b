-- name:  still_invalid
-- doc:   Which of these indexes are there and invalid.
-- since: 140000
-- param: $1 oid[] indexes
-- row:   oid oid
SELECT i.indexrelid AS oid
  FROM pg_catalog.pg_index AS i
 WHERE i.indexrelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
   AND NOT (i.indisvalid AND i.indisready AND i.indislive)
