-- name:  restore_dump_leftovers
-- doc:   What an interrupted restore-dump left: marked by our comment, nobody connected. With
--        subscriptions, which the dump had, the SQL that it takes before it can be dropped.
-- since: 140000
-- param: $1 text the comment
-- row:   name text, away text
SELECT d.datname::pg_catalog.text AS name,
       (SELECT pg_catalog.string_agg(pg_catalog.format(
                   'ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET '
                   '(slot_name = NONE); DROP SUBSCRIPTION %1$I',
                   b.subname), '; ' ORDER BY b.subname)
          FROM pg_catalog.pg_subscription AS b
         WHERE b.subdbid OPERATOR(pg_catalog.=) d.oid) AS away
  FROM pg_catalog.pg_database AS d
 WHERE pg_catalog.shobj_description(d.oid, 'pg_database') OPERATOR(pg_catalog.=) $1
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a
                    WHERE a.datid OPERATOR(pg_catalog.=) d.oid)
 ORDER BY d.datname
