-- name:  node
-- doc:   Whether this is a standby, and since when its counters count.
-- since: 140000
-- row:   in_recovery bool, stats_reset int8
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       EXTRACT(epoch FROM s.stats_reset)::pg_catalog.int8 AS stats_reset
  FROM pg_catalog.pg_stat_database AS s
 WHERE s.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
