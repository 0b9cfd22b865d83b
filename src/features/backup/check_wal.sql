-- name:  check_wal
-- doc:   How far the WAL is, and what keeps it for a repository: our slot, the archiver.
-- since: 140000
-- param: $1 name the slot's name
-- row:   lsn_bytes int8, slot_there bool, slot_active bool, slot_status text, slot_bytes int8, pushes bool, failing bool, failed_wal text, failing_s float8
WITH here AS (
  SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
              THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_flush_lsn()
         END AS lsn
)
SELECT pg_catalog.pg_wal_lsn_diff(here.lsn, '0/0')::pg_catalog.int8 AS lsn_bytes,
       s.slot_name IS NOT NULL AS slot_there,
       s.active AS slot_active,
       s.wal_status AS slot_status,
       pg_catalog.pg_wal_lsn_diff(here.lsn, s.restart_lsn)::pg_catalog.int8 AS slot_bytes,
       pg_catalog.current_setting('archive_mode') OPERATOR(pg_catalog.<>) 'off'
         AND pg_catalog.current_setting('archive_command') OPERATOR(pg_catalog.~~) '%wal push%'
         AS pushes,
       a.last_failed_time OPERATOR(pg_catalog.>)
         COALESCE(a.last_archived_time, '-infinity'::pg_catalog.timestamptz) IS TRUE AS failing,
       a.last_failed_wal AS failed_wal,
       EXTRACT(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-)
         COALESCE(a.last_archived_time, a.stats_reset))::pg_catalog.float8 AS failing_s
  FROM here
 CROSS JOIN pg_catalog.pg_stat_archiver a
  LEFT JOIN pg_catalog.pg_replication_slots s
    ON s.slot_name OPERATOR(pg_catalog.=) $1
