-- name:  node
-- doc:   Whether this is a standby, since when its counters count, and what tells it from any
--        other server of the cluster. Counters are lost by a crash as well, which from 15 on only
--        those of the whole server tell.
-- since: 140000
-- row:   in_recovery bool, stats_reset_us int8, started_us int8, counting bool
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       (EXTRACT(epoch FROM GREATEST(s.stats_reset, LEAST(b.stats_reset, a.stats_reset)))
        OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS stats_reset_us,
       (EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time())
        OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS started_us,
       pg_catalog.current_setting('track_counts')::pg_catalog.bool AS counting
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS b
 CROSS JOIN pg_catalog.pg_stat_archiver AS a
 WHERE s.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
