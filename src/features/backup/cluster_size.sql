-- name:  cluster_size
-- doc:   Bytes in all tablespaces.
-- since: 140000
-- row:   bytes int8
SELECT pg_catalog.sum(pg_catalog.pg_tablespace_size(t.oid))::pg_catalog.int8 AS bytes
  FROM pg_catalog.pg_tablespace AS t
