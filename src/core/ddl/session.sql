-- name:  session
-- doc:   What a new session of this database and role finds set.
-- since: 140000
-- row:   search_path text, time_zone text, role_name text
SELECT (SELECT s.reset_val
          FROM pg_catalog.pg_settings AS s
         WHERE s.name OPERATOR(pg_catalog.=) 'search_path') AS search_path,
       (SELECT s.reset_val
          FROM pg_catalog.pg_settings AS s
         WHERE s.name OPERATOR(pg_catalog.=) 'TimeZone') AS time_zone,
       SESSION_USER::pg_catalog.text AS role_name
