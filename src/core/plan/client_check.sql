-- name:  client_check
-- doc:   Whether this server can notice by itself that a client is gone, as the session asked it to.
-- since: 140000
-- row:   checks bool
SELECT pg_catalog.current_setting('client_connection_check_interval')
           OPERATOR(pg_catalog.<>) '0' AS checks
