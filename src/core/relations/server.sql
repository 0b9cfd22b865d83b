-- name:  server
-- doc:   What the snapshot has to know of the server and of this role. Counters are lost by a crash
--        as well, which from 15 on only those of the whole server tell.
-- since: 140000
-- row:   block_size int4, now int8, stats_reset_us int8, in_recovery bool, sees_all bool,
--        all_statistics bool, counting bool
SELECT pg_catalog.current_setting('block_size')::pg_catalog.int4 AS block_size,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.int8 AS now,
       (EXTRACT(epoch FROM GREATEST(s.stats_reset, LEAST(b.stats_reset, a.stats_reset)))
        OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS stats_reset_us,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT') AS all_statistics,
       pg_catalog.current_setting('track_counts')::pg_catalog.bool AS counting
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS b
 CROSS JOIN pg_catalog.pg_stat_archiver AS a
 WHERE s.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
