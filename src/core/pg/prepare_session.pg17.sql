-- name:  prepare_session
-- doc:   Nails down what role and database settings could change under our statements, and turns
--        off JIT: compiling a query over large catalogs takes longer than running it.
-- since: 170000
-- row:   started text, done bool
SELECT a.backend_start::pg_catalog.text AS started,
       (pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false) IS NOT NULL
        AND pg_catalog.set_config('statement_timeout', '30s', false) IS NOT NULL
        AND pg_catalog.set_config('lock_timeout', '2s', false) IS NOT NULL
        AND pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false) IS NOT NULL
        AND pg_catalog.set_config('idle_session_timeout', '0', false) IS NOT NULL
        AND pg_catalog.set_config('default_transaction_isolation', 'read committed', false)
            IS NOT NULL
        AND pg_catalog.set_config('transaction_timeout', '0', false) IS NOT NULL
        AND pg_catalog.set_config('DateStyle', 'ISO, YMD', false) IS NOT NULL
        AND pg_catalog.set_config('TimeZone', 'UTC', false) IS NOT NULL
        AND pg_catalog.set_config('standard_conforming_strings', 'on', false) IS NOT NULL
        AND pg_catalog.set_config('jit', 'off', false) IS NOT NULL
        AND pg_catalog.set_config('client_min_messages', 'warning', false) IS NOT NULL
       ) AS done
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
