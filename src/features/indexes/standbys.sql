-- name:  standbys
-- doc:   How many standbys stream from this server and may serve reads. A subscriber does it
--        through a logical slot, pg_receivewal and a base backup replay nothing. What this role
--        may not see counts.
-- since: 140000
-- row:   standbys int8
SELECT pg_catalog.count(*) AS standbys
  FROM pg_catalog.pg_stat_replication AS r
 WHERE (r.replay_lsn IS NOT NULL OR r.state IS NULL)
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_replication_slots AS s
         WHERE s.active_pid OPERATOR(pg_catalog.=) r.pid
           AND s.slot_type OPERATOR(pg_catalog.=) 'logical')
