-- name:  pool_roles
-- doc:   What roles have set for themselves that bounds their sessions.
-- since: 140000
-- param: $1 text[] role names
-- row:   name text, superuser bool, most int8, idle text, in_transaction text
SELECT r.rolname::pg_catalog.text AS name, r.rolsuper AS superuser,
       r.rolconnlimit::pg_catalog.int8 AS most,
       (SELECT pg_catalog.max(pg_catalog.split_part(c.setting, '=', 2))
          FROM pg_catalog.unnest(r.rolconfig) AS c(setting)
         WHERE pg_catalog.split_part(c.setting, '=', 1)
                   OPERATOR(pg_catalog.=) 'idle_session_timeout') AS idle,
       (SELECT pg_catalog.max(pg_catalog.split_part(c.setting, '=', 2))
          FROM pg_catalog.unnest(r.rolconfig) AS c(setting)
         WHERE pg_catalog.split_part(c.setting, '=', 1)
                   OPERATOR(pg_catalog.=) 'idle_in_transaction_session_timeout')
           AS in_transaction
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
 ORDER BY r.rolname
