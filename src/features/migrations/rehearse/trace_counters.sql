-- name:  trace_counters
-- doc:   The files of these relations as the transaction sees them, and how often it has read them
--        from end to end. The counters have what earlier transactions of the session have not
--        passed on yet: only their differences mean something.
-- since: 140000
-- param: $1 oid[] relations
-- row:   oid oid, filenode oid, scans int8, tuples int8
SELECT s.oid, coalesce(c.relfilenode, 0::pg_catalog.oid) AS filenode,
       coalesce(pg_catalog.pg_stat_get_xact_numscans(s.oid), 0)::pg_catalog.int8 AS scans,
       coalesce(pg_catalog.pg_stat_get_xact_tuples_returned(s.oid), 0)::pg_catalog.int8 AS tuples
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS s(oid)
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) s.oid
