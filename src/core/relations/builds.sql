-- name:  builds
-- doc:   Indexes of this database that are being built or rebuilt right now; null where this role
--        may not see which.
-- since: 140000
-- row:   pid int4, table_oid oid, index_oid oid
SELECT b.pid, b.relid AS table_oid, b.index_relid AS index_oid
  FROM pg_catalog.pg_stat_progress_create_index AS b
 WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
