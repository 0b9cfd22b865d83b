-- name:  tables
-- doc:   Every table, materialized view, partitioned parent and TOAST table of the database but
--        temporary ones, with its counters. Sizes are relpages: pg_relation_size would
--        take a lock on each.
-- since: 140000
-- param: $1 bool system schemas too
-- row:   oid oid, toast oid, parent oid, filenode oid, kind text, persistence text, system bool,
--        readable bool, schema text, name text, options text, pages int4, tuples float4,
--        live int8, dead int8, changed int8, inserted int8, updated int8, deleted int8,
--        ever_counted bool, last_vacuum int8, last_autovacuum int8, last_analyze int8
SELECT c.oid,
       c.reltoastrelid AS toast,
       p.inhparent AS parent,
       c.relfilenode AS filenode,
       c.relkind::pg_catalog.text AS kind,
       c.relpersistence::pg_catalog.text AS persistence,
       s.system,
       c.relkind OPERATOR(pg_catalog.=) 't'
           OR r.all_statistics
           OR (pg_catalog.has_table_privilege(c.oid, 'SELECT')
               AND NOT (c.relrowsecurity AND pg_catalog.row_security_active(c.oid))) AS readable,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       pg_catalog.array_to_string(c.reloptions, ' ') AS options,
       c.relpages AS pages,
       c.reltuples AS tuples,
       pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
       pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS changed,
       pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) AS inserted,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updated,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deleted,
       COALESCE(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_autovacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) IS NOT NULL
           OR pg_catalog.pg_stat_get_tuples_inserted(c.oid)
              OPERATOR(pg_catalog.>) 0::pg_catalog.int8 AS ever_counted,
       EXTRACT(epoch FROM pg_catalog.pg_stat_get_last_vacuum_time(c.oid))::pg_catalog.int8
           AS last_vacuum,
       EXTRACT(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))::pg_catalog.int8
           AS last_autovacuum,
       EXTRACT(epoch FROM GREATEST(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                   pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))
              )::pg_catalog.int8 AS last_analyze
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS o
    ON o.reltoastrelid OPERATOR(pg_catalog.=) c.oid
   AND c.relkind OPERATOR(pg_catalog.=) 't'
  LEFT JOIN pg_catalog.pg_namespace AS owner
    ON owner.oid OPERATOR(pg_catalog.=) COALESCE(o.relnamespace, c.relnamespace)
  LEFT JOIN pg_catalog.pg_inherits AS p
    ON p.inhrelid OPERATOR(pg_catalog.=) c.oid AND c.relispartition
 CROSS JOIN LATERAL (
        SELECT owner.nspname OPERATOR(pg_catalog.=) ANY (
                   '{pg_catalog,information_schema,pg_toast}'::pg_catalog.name[]) AS system) AS s
 CROSS JOIN (
        SELECT pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT')
                   AS all_statistics) AS r
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p,t}'::pg_catalog."char"[])
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND ($1 OR NOT s.system)
