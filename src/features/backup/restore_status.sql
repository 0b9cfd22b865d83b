-- name:  restore_status
-- doc:   What became of a transaction, by its number with the epoch: committed, aborted, in progress; null for one too old to be known.
-- since: 140000
-- param: $1 text the number
-- row:   status text
SELECT pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8) AS status
