-- name:  archiver
-- doc:   What the archiver did last, and whether it fails now.
-- since: 140000
-- row:   archived text, failing bool
SELECT a.last_archived_wal AS archived,
       a.last_failed_time OPERATOR(pg_catalog.>)
         COALESCE(a.last_archived_time, '-infinity'::pg_catalog.timestamptz) IS TRUE AS failing
  FROM pg_catalog.pg_stat_archiver AS a
