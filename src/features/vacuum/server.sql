-- name:  server
-- doc:   The server's facts and settings that vacuum decisions rest on, and who asks.
-- since: 140000
-- row:   in_recovery bool, now int8, block_size int8, shared_buffers int8,
--        freeze_max_age int8, multixact_freeze_max_age int8, failsafe_age int8,
--        multixact_failsafe_age int8, autovacuum bool, track_counts bool,
--        vacuum_threshold int8, vacuum_max_threshold int8, vacuum_fraction float8, insert_threshold int8,
--        insert_fraction float8, analyze_threshold int8, analyze_fraction float8,
--        parallel_workers int4, standbys int8, sees_all bool, xid_age int4, mxid_age int4
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       EXTRACT(epoch FROM pg_catalog.clock_timestamp())::pg_catalog.int8 AS now,
       pg_catalog.current_setting('block_size')::pg_catalog.int8 AS block_size,
       (SELECT s.setting::pg_catalog.int8 FROM pg_catalog.pg_settings AS s
         WHERE s.name OPERATOR(pg_catalog.=) 'shared_buffers') AS shared_buffers,
       pg_catalog.current_setting('autovacuum_freeze_max_age')::pg_catalog.int8
           AS freeze_max_age,
       pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::pg_catalog.int8
           AS multixact_freeze_max_age,
       pg_catalog.current_setting('vacuum_failsafe_age')::pg_catalog.int8 AS failsafe_age,
       pg_catalog.current_setting('vacuum_multixact_failsafe_age')::pg_catalog.int8
           AS multixact_failsafe_age,
       pg_catalog.current_setting('autovacuum')::pg_catalog.bool AS autovacuum,
       pg_catalog.current_setting('track_counts')::pg_catalog.bool AS track_counts,
       pg_catalog.current_setting('autovacuum_vacuum_threshold')::pg_catalog.int8
           AS vacuum_threshold,
       (SELECT s.setting::pg_catalog.int8 FROM pg_catalog.pg_settings AS s
         WHERE s.name OPERATOR(pg_catalog.=) 'autovacuum_vacuum_max_threshold')
           AS vacuum_max_threshold,
       pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::pg_catalog.float8
           AS vacuum_fraction,
       pg_catalog.current_setting('autovacuum_vacuum_insert_threshold')::pg_catalog.int8
           AS insert_threshold,
       pg_catalog.current_setting('autovacuum_vacuum_insert_scale_factor')::pg_catalog.float8
           AS insert_fraction,
       pg_catalog.current_setting('autovacuum_analyze_threshold')::pg_catalog.int8
           AS analyze_threshold,
       pg_catalog.current_setting('autovacuum_analyze_scale_factor')::pg_catalog.float8
           AS analyze_fraction,
       pg_catalog.current_setting('max_parallel_maintenance_workers')::pg_catalog.int4
           AS parallel_workers,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_wal_senders() AS w
         WHERE w.state IS DISTINCT FROM 'backup')
           OPERATOR(pg_catalog.+)
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots AS s
         WHERE s.slot_type OPERATOR(pg_catalog.=) 'physical' AND NOT s.active) AS standbys,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       pg_catalog.age(d.datfrozenxid) AS xid_age,
       pg_catalog.mxid_age(d.datminmxid) AS mxid_age
  FROM pg_catalog.pg_database AS d
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
