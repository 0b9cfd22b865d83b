-- name:  index_extras
-- doc:   What newer servers know of an index beyond what 14 does.
-- since: 150000
-- row:   oid oid, nulls_not_distinct bool, last_scan int8
SELECT i.indexrelid AS oid, i.indnullsnotdistinct AS nulls_not_distinct,
       NULL::pg_catalog.int8 AS last_scan
  FROM pg_catalog.pg_index AS i
 WHERE i.indnullsnotdistinct
