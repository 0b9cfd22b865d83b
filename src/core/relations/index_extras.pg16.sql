-- name:  index_extras
-- doc:   What newer servers know of an index beyond what 14 does.
-- since: 160000
-- row:   oid oid, nulls_not_distinct bool, last_scan int8
SELECT x.oid, x.nulls_not_distinct, EXTRACT(epoch FROM x.last_scan)::pg_catalog.int8 AS last_scan
  FROM (SELECT i.indexrelid AS oid, i.indnullsnotdistinct AS nulls_not_distinct,
               pg_catalog.pg_stat_get_lastscan(i.indexrelid) AS last_scan
          FROM pg_catalog.pg_index AS i) AS x
 WHERE x.nulls_not_distinct OR x.last_scan IS NOT NULL
