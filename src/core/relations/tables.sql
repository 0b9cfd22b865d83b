-- name:  tables
-- doc:   Every table, materialized view and partitioned parent of the database but temporary ones,
--        and the TOAST tables that hold something (with system schemas: all), with their counters.
--        Sizes are relpages: pg_relation_size would take a lock on each.
-- since: 140000
-- param: $1 bool system schemas too
-- row:   oid oid, toast oid, parent oid, filenode oid, kind "char", persistence "char",
--        system bool, readable bool, schema name, name name, options text, pages int4,
--        tuples float4, live int8, dead int8, changed int8, inserted int8, updated int8,
--        deleted int8, ever_inserted int8, ever_counted bool, last_vacuum int8, last_autovacuum int8,
--        last_analyze int8
SELECT c.oid,
       c.reltoastrelid AS toast,
       p.inhparent AS parent,
       c.relfilenode AS filenode,
       c.relkind AS kind,
       c.relpersistence AS persistence,
       n.nspname OPERATOR(pg_catalog.=) ANY (
           '{pg_catalog,information_schema}'::pg_catalog.name[]) AS system,
       c.relkind OPERATOR(pg_catalog.=) 't'
           OR r.all_statistics
           OR (pg_catalog.has_table_privilege(c.oid, 'SELECT')
               AND NOT (c.relrowsecurity AND pg_catalog.row_security_active(c.oid))) AS readable,
       n.nspname AS schema,
       c.relname AS name,
       pg_catalog.array_to_string(c.reloptions, ' ') AS options,
       c.relpages AS pages,
       c.reltuples AS tuples,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed,
       pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) AS inserted,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updated,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deleted,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS ever_inserted,
       COALESCE(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_autovacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) IS NOT NULL
           OR pg_catalog.pg_stat_get_tuples_inserted(c.oid)
              OPERATOR(pg_catalog.>) 0::pg_catalog.int8 AS ever_counted,
       pg_catalog.date_part('epoch', pg_catalog.pg_stat_get_last_vacuum_time(c.oid)
                           )::pg_catalog.int8 AS last_vacuum,
       pg_catalog.date_part('epoch', pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)
                           )::pg_catalog.int8 AS last_autovacuum,
       pg_catalog.date_part('epoch', GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                              pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))
                           )::pg_catalog.int8 AS last_analyze
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits AS p
    ON p.inhrelid OPERATOR(pg_catalog.=) c.oid AND c.relispartition
 CROSS JOIN (
        SELECT pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT')
                   AS all_statistics) AS r
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p,t}'::pg_catalog."char"[])
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND ($1
        OR c.relkind OPERATOR(pg_catalog.<>) 't'
        OR c.relpages OPERATOR(pg_catalog.>) 0
        OR pg_catalog.pg_stat_get_tuples_inserted(c.oid) OPERATOR(pg_catalog.>) 0::pg_catalog.int8)
   AND ($1 OR CASE WHEN c.relkind OPERATOR(pg_catalog.=) 't' -- whose schema tells nothing
                   THEN c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                   ELSE n.nspname OPERATOR(pg_catalog.<>) ALL (
                            '{pg_catalog,information_schema}'::pg_catalog.name[]) END)
