-- The state a VACUUM ANALYZE leaves, of the application's tables (TOAST included) and of the
-- system catalogs. hidden_pages: not all-visible, an index-only scan must read them.
SELECT (n.nspname IN ('pg_catalog', 'information_schema')
        OR n.nspname = 'pg_toast' AND c.oid < 16384) AS system,
       count(*) AS tables,
       sum(pg_stat_get_dead_tuples(c.oid))::int8 AS dead_rows,
       sum(pg_stat_get_mod_since_analyze(c.oid)) FILTER (WHERE c.relkind <> 't')::int8
           AS changed_rows,
       count(*) FILTER (WHERE c.relkind <> 't'
                          AND pg_stat_get_last_analyze_time(c.oid) IS NULL) AS never_analyzed,
       sum(c.relpages - c.relallvisible)::int8 AS hidden_pages,
       max(age(c.relfrozenxid)) AS max_age,
       current_setting('autovacuum_freeze_max_age')::int8 AS freeze_max_age
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence = 'p'
 GROUP BY 1 ORDER BY 1
