-- name:  trace_wal
-- doc:   Where the server's WAL ends, in bytes.
-- since: 140000
-- row:   position int8
SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')
           ::pg_catalog.int8 AS position
