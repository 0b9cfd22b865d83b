-- name:  processes
-- doc:   All processes of the server. Times are microseconds since 1970, by the server's clock.
--        pg_blocking_pids() stops the lock manager for a moment: it is asked only about those who
--        wait for a lock. What stands in a row we may not look into: pid, database, role,
--        application.
-- since: 140000
-- row:   now int8, pid int8, leader int8, database text, role text, application text,
--        client text, type text, state text, wait_type text, wait text, query text,
--        backend_start int8, xact_start int8, query_start int8, state_change int8,
--        xid_age int8, xmin_age int8, superuser bool, may_end bool, hidden bool, blockers text
SELECT (EXTRACT(epoch FROM pg_catalog.statement_timestamp())
           OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS now,
       a.pid::pg_catalog.int8 AS pid,
       a.leader_pid::pg_catalog.int8 AS leader,
       a.datname::pg_catalog.text AS database,
       a.usename::pg_catalog.text AS role,
       a.application_name AS application,
       pg_catalog.host(a.client_addr) AS client,
       a.backend_type AS type, a.state, a.wait_event_type AS wait_type, a.wait_event AS wait,
       a.query,
       (EXTRACT(epoch FROM a.backend_start) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS backend_start,
       (EXTRACT(epoch FROM a.xact_start) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS xact_start,
       (EXTRACT(epoch FROM a.query_start) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS query_start,
       (EXTRACT(epoch FROM a.state_change) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS state_change,
       pg_catalog.age(a.backend_xid)::pg_catalog.int8 AS xid_age,
       pg_catalog.age(a.backend_xmin)::pg_catalog.int8 AS xmin_age,
       COALESCE(r.rolsuper, false) AS superuser,
       (pg_catalog.current_setting('is_superuser')::pg_catalog.bool
        OR (r.rolsuper IS FALSE
            AND (pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')
                 OR pg_catalog.pg_has_role(a.usesysid, 'USAGE')))) AS may_end,
       (a.backend_type IS NULL AND a.query OPERATOR(pg_catalog.=) '<insufficient privilege>')
           AS hidden,
       CASE WHEN a.wait_event_type OPERATOR(pg_catalog.=) 'Lock'
            THEN pg_catalog.array_to_string(
                     pg_catalog.pg_blocking_pids(COALESCE(a.leader_pid, a.pid)), ' ') END
           AS blockers
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) a.usesysid
