-- name:  slots
-- doc:   The same where slots can be reserved for pg_use_reserved_connections as well.
-- since: 160000
-- row:   ordinary int8, used int8, database_limit int8, database_used int8
SELECT pg_catalog.current_setting('max_connections')::pg_catalog.int8
           OPERATOR(pg_catalog.-)
       pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int8
           OPERATOR(pg_catalog.-)
       pg_catalog.current_setting('reserved_connections')::pg_catalog.int8
           AS ordinary,
       pg_catalog.count(a.pid) AS used,
       d.datconnlimit::pg_catalog.int8 AS database_limit,
       pg_catalog.count(a.pid) FILTER (WHERE a.datid OPERATOR(pg_catalog.=) d.oid)
           AS database_used
  FROM pg_catalog.pg_database AS d
  LEFT JOIN pg_catalog.pg_stat_activity AS a
    ON a.backend_type OPERATOR(pg_catalog.=) 'client backend'
    OR (a.backend_type IS NULL AND a.datid IS NOT NULL)
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
 GROUP BY d.oid, d.datconnlimit
