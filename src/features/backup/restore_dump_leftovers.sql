-- name:  restore_dump_leftovers
-- doc:   What an interrupted restore-dump left: marked by our comment, nobody connected.
-- since: 140000
-- param: $1 text the comment
-- row:   name text
SELECT d.datname::pg_catalog.text AS name
  FROM pg_catalog.pg_database AS d
 WHERE pg_catalog.shobj_description(d.oid, 'pg_database') OPERATOR(pg_catalog.=) $1
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a
                    WHERE a.datid OPERATOR(pg_catalog.=) d.oid)
 ORDER BY d.datname
