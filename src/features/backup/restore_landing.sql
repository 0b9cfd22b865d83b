-- name:  restore_landing
-- doc:   Where a server of a restore is: what it has replayed, whether it waits there, on which timeline it writes.
-- since: 140000
-- row:   in_recovery bool, paused bool, lsn text, time_us int8, xmax text, timeline text
SELECT r.in_recovery,
       CASE WHEN r.in_recovery THEN pg_catalog.pg_get_wal_replay_pause_state() = 'paused'
            ELSE false END AS paused,
       pg_catalog.pg_last_wal_replay_lsn()::text AS lsn,
       (EXTRACT(epoch FROM pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::int8 AS time_us,
       pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS xmax,
       CASE WHEN NOT r.in_recovery
            THEN pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)
       END AS timeline
  FROM (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery) r
