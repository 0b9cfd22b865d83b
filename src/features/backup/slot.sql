-- name:  slot
-- doc:   A replication slot: what it holds back, and how near it is to losing it.
-- since: 140000
-- param: $1 text its name
-- row:   kind text, active_pid int4, restart_lsn text, wal_status text, safe_bytes int8, keep_mb int8
SELECT s.slot_type AS kind, s.active_pid AS active_pid,
       s.restart_lsn::pg_catalog.text AS restart_lsn, s.wal_status AS wal_status,
       s.safe_wal_size AS safe_bytes,
       (SELECT g.setting::pg_catalog.int8 FROM pg_catalog.pg_settings AS g
         WHERE g.name OPERATOR(pg_catalog.=) 'max_slot_wal_keep_size') AS keep_mb
  FROM pg_catalog.pg_replication_slots AS s
 WHERE s.slot_name OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
