-- name:  index_extras
-- doc:   What newer servers know of an index beyond what 14 does: nothing here.
-- since: 140000
-- row:   oid oid, nulls_not_distinct bool, last_scan int8
SELECT i.indexrelid AS oid, false AS nulls_not_distinct, NULL::pg_catalog.int8 AS last_scan
  FROM pg_catalog.pg_index AS i
 WHERE false
