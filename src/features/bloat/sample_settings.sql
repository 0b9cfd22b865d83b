-- name:  sample_settings
-- doc:   For one transaction: nothing is waited for, no policy hides rows in silence, nothing but
--        tables is read (a view put in a table's place runs its functions as whoever reads it),
--        and a table is read by nothing but TID ranges where it is not read whole.
-- since: 140000
-- row:   done bool
SELECT pg_catalog.set_config('lock_timeout', '100ms', true) IS NOT NULL
       AND pg_catalog.set_config('row_security', 'off', true) IS NOT NULL
       AND (pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NULL
            OR pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table',
                                     true) IS NOT NULL)
       AND pg_catalog.set_config('enable_tidscan', 'on', true) IS NOT NULL
       AND pg_catalog.set_config('enable_seqscan', 'off', true) IS NOT NULL
       AND pg_catalog.set_config('enable_indexscan', 'off', true) IS NOT NULL
       AND pg_catalog.set_config('enable_indexonlyscan', 'off', true) IS NOT NULL
       AND pg_catalog.set_config('enable_bitmapscan', 'off', true) IS NOT NULL
       AND pg_catalog.set_config('max_parallel_workers_per_gather', '0', true) IS NOT NULL
       AND pg_catalog.set_config('jit', 'off', true) IS NOT NULL AS done
