-- name:  restore_dump_place
-- doc:   Whether a database of a name exists, how many sessions are connected to it, how many
--        transactions that were prepared in it nobody has ended, and what of logical replication
--        hangs on it: slots, and subscriptions (those that are enabled, or all of them), each with
--        the SQL that takes them away.
-- since: 140000
-- param: $1 text the database
-- param: $2 bool all subscriptions: the database is to be dropped
-- row:   found bool, sessions int8, prepared int8, slots text, slots_away text,
--        subscriptions text, subscriptions_away text, disabled_away text,
--        in_recovery bool
SELECT d.oid IS NOT NULL AS found,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a
         WHERE a.datname OPERATOR(pg_catalog.=) w.name
           AND a.backend_type OPERATOR(pg_catalog.=) 'client backend') AS sessions,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts AS p
         WHERE p.database OPERATOR(pg_catalog.=) w.name) AS prepared,
       s.names AS slots, s.away AS slots_away,
       u.names AS subscriptions, u.away AS subscriptions_away,
       (SELECT pg_catalog.string_agg(pg_catalog.format(
                   'ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); DROP SUBSCRIPTION %1$I',
                   b.subname), '; ' ORDER BY b.subname)
          FROM pg_catalog.pg_subscription AS b
         WHERE b.subdbid OPERATOR(pg_catalog.=) d.oid AND NOT b.subenabled) AS disabled_away,
       pg_catalog.pg_is_in_recovery() AS in_recovery
  FROM (SELECT $1::pg_catalog.text AS name) AS w
  LEFT JOIN pg_catalog.pg_database AS d ON d.datname OPERATOR(pg_catalog.=) w.name
 CROSS JOIN LATERAL (
       SELECT pg_catalog.string_agg(r.slot_name::pg_catalog.text, ', ' ORDER BY r.slot_name) AS names,
              pg_catalog.string_agg(pg_catalog.format('SELECT pg_drop_replication_slot(%L)',
                                        r.slot_name), '; ' ORDER BY r.slot_name) AS away
         FROM pg_catalog.pg_replication_slots AS r
        WHERE r.database OPERATOR(pg_catalog.=) w.name AND NOT r.temporary) AS s
 CROSS JOIN LATERAL (
       SELECT pg_catalog.string_agg(b.subname::pg_catalog.text, ', ' ORDER BY b.subname) AS names,
              pg_catalog.string_agg(pg_catalog.format(
                  CASE WHEN NOT $2::pg_catalog.bool THEN 'ALTER SUBSCRIPTION %1$I DISABLE'
                       ELSE 'ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET '
                            '(slot_name = NONE); DROP SUBSCRIPTION %1$I' END,
                  b.subname), '; ' ORDER BY b.subname) AS away
         FROM pg_catalog.pg_subscription AS b
        WHERE b.subdbid OPERATOR(pg_catalog.=) d.oid
          AND (b.subenabled OR $2::pg_catalog.bool)) AS u
