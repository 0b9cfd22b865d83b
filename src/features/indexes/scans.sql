-- name:  scans
-- doc:   How often each index was scanned on this node.
-- since: 140000
-- row:   oid oid, scans int8, last_scan int8
SELECT i.indexrelid AS oid,
       pg_catalog.pg_stat_get_numscans(i.indexrelid) AS scans,
       NULL::pg_catalog.int8 AS last_scan
  FROM pg_catalog.pg_index AS i
 WHERE i.indexrelid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
