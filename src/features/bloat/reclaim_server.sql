-- name:  reclaim_server
-- doc:   What the means to give space back ask of the server as a whole.
-- since: 140000
-- row:   block_size int4, superuser bool, standbys int8, replica_wal bool, repack_slots int4,
--        publication text, extension text
SELECT pg_catalog.current_setting('block_size')::pg_catalog.int4 AS block_size,
       (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r
         WHERE r.rolname OPERATOR(pg_catalog.=) current_user) AS superuser,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_wal_senders() AS w
         WHERE w.state IS DISTINCT FROM 'backup')
           OPERATOR(pg_catalog.+)
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots AS s
         WHERE s.slot_type OPERATOR(pg_catalog.=) 'physical' AND NOT s.active) AS standbys,
       pg_catalog.current_setting('wal_level') OPERATOR(pg_catalog.=) ANY (
           '{replica,logical}'::pg_catalog.text[]) AS replica_wal,
       COALESCE((SELECT s.setting::pg_catalog.int4 FROM pg_catalog.pg_settings AS s
                  WHERE s.name OPERATOR(pg_catalog.=) 'max_repack_replication_slots'), 0)
           AS repack_slots,
       (SELECT pg_catalog.min(p.pubname::pg_catalog.text) FROM pg_catalog.pg_publication AS p
         WHERE p.puballtables) AS publication,
       (SELECT e.extversion FROM pg_catalog.pg_extension AS e
         WHERE e.extname OPERATOR(pg_catalog.=) 'pg_repack') AS extension
