-- name:  trace_sizes
-- doc:   What a relation has become in this transaction: the file of its rows alone, and all of it.
-- since: 140000
-- param: $1 oid relation
-- row:   bytes int8, total_bytes int8
SELECT coalesce(pg_catalog.pg_relation_size($1::pg_catalog.oid::pg_catalog.regclass), 0)
           ::pg_catalog.int8 AS bytes,
       coalesce(pg_catalog.pg_total_relation_size($1::pg_catalog.oid::pg_catalog.regclass), 0)
           ::pg_catalog.int8 AS total_bytes
