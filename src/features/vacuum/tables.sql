-- name:  tables
-- doc:   Every table of the database with all that decides whether it needs VACUUM or ANALYZE.
--        Sizes are relpages: pg_relation_size would take a lock on every table.
-- since: 140000
-- row:   oid oid, schema text, name text, kind text, temporary bool, shared bool,
--        parent oid, pages int4, tuples float4, visible_pages int4, live int8, dead int8,
--        changed int8, inserted int8, vacuums int8, analyzes int8, last_vacuum int8,
--        last_analyze int8, xid_age int4, mxid_age int4, toast_pages int4, toast_dead int8,
--        toast_xid_age int4, toast_mxid_age int4, indexes int8, big_indexes int8,
--        index_pages int8, options text
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       c.relkind::pg_catalog.text AS kind,
       c.relpersistence OPERATOR(pg_catalog.=) 't' AS temporary,
       c.relisshared AS shared,
       p.inhparent AS parent,
       c.relpages AS pages,
       c.reltuples AS tuples,
       c.relallvisible AS visible_pages,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed,
       pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) AS inserted,
       pg_catalog.pg_stat_get_vacuum_count(c.oid) AS vacuums,
       pg_catalog.pg_stat_get_analyze_count(c.oid) AS analyzes,
       EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                                   pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))
              )::pg_catalog.int8 AS last_vacuum,
       EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                   pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))
              )::pg_catalog.int8 AS last_analyze,
       CASE WHEN c.relfrozenxid OPERATOR(pg_catalog.<>) '0'::pg_catalog.xid
            THEN pg_catalog.age(c.relfrozenxid) END AS xid_age,
       CASE WHEN c.relminmxid OPERATOR(pg_catalog.<>) '0'::pg_catalog.xid
            THEN pg_catalog.mxid_age(c.relminmxid) END AS mxid_age,
       t.relpages AS toast_pages,
       pg_catalog.pg_stat_get_dead_tuples(t.oid) AS toast_dead,
       pg_catalog.age(t.relfrozenxid) AS toast_xid_age,
       pg_catalog.mxid_age(t.relminmxid) AS toast_mxid_age,
       i.indexes, i.big_indexes, i.index_pages,
       pg_catalog.array_to_string(c.reloptions, ' ') AS options
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
  LEFT JOIN pg_catalog.pg_inherits AS p
    ON p.inhrelid OPERATOR(pg_catalog.=) c.oid AND c.relispartition
  LEFT JOIN (
        SELECT x.indrelid,
               pg_catalog.count(*) AS indexes,
               pg_catalog.count(*) FILTER (WHERE xc.relpages::pg_catalog.int8
                   OPERATOR(pg_catalog.>=) s.setting::pg_catalog.int8) AS big_indexes,
               pg_catalog.sum(xc.relpages)::pg_catalog.int8 AS index_pages
          FROM pg_catalog.pg_index AS x
          JOIN pg_catalog.pg_class AS xc ON xc.oid OPERATOR(pg_catalog.=) x.indexrelid
          JOIN pg_catalog.pg_settings AS s
            ON s.name OPERATOR(pg_catalog.=) 'min_parallel_index_scan_size'
         GROUP BY x.indrelid) AS i ON i.indrelid OPERATOR(pg_catalog.=) c.oid
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p,f}'::pg_catalog."char"[])
