-- name:  server_clock
-- doc:   What the server's clock says, in microseconds since 1970.
-- since: 140000
-- row:   now_us int8
SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp())
        OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS now_us
