-- name:  after
-- doc:   The same tables observed again: what VACUUM and ANALYZE left.
-- since: 140000
-- param: $1 oid[] tables
-- row:   oid oid, dead int8, live int8, changed int8, vacuums int8, analyzes int8, pages int4,
--        visible_pages int4, xid_age int4, mxid_age int4
SELECT c.oid,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed,
       pg_catalog.pg_stat_get_vacuum_count(c.oid) AS vacuums,
       pg_catalog.pg_stat_get_analyze_count(c.oid) AS analyzes,
       c.relpages AS pages,
       c.relallvisible AS visible_pages,
       GREATEST(CASE WHEN c.relfrozenxid OPERATOR(pg_catalog.<>) '0'::pg_catalog.xid
                     THEN pg_catalog.age(c.relfrozenxid) END,
                pg_catalog.age(t.relfrozenxid)) AS xid_age,
       GREATEST(CASE WHEN c.relminmxid OPERATOR(pg_catalog.<>) '0'::pg_catalog.xid
                     THEN pg_catalog.mxid_age(c.relminmxid) END,
                pg_catalog.mxid_age(t.relminmxid)) AS mxid_age
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
