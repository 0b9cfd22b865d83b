-- name:  sample_server
-- doc:   Whether this role may make temporary tables here.
-- since: 140000
-- row:   temporary bool
SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
           AS temporary
