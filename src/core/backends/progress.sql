-- name:  progress
-- doc:   How far long commands have come, where the server knows the whole: parts of 100.
-- since: 140000
-- row:   pid int8, command text, percent float8
SELECT p.pid::pg_catalog.int8 AS pid, p.command,
       LEAST(100 OPERATOR(pg_catalog.*) p.done::pg_catalog.float8
                 OPERATOR(pg_catalog./) NULLIF(p.whole, 0)::pg_catalog.float8, 100) AS percent
  FROM (
    SELECT c.pid, c.command, c.bytes_processed AS done, c.bytes_total AS whole
      FROM pg_catalog.pg_stat_progress_copy AS c
    UNION ALL
    SELECT i.pid, i.command,
           CASE WHEN i.blocks_total OPERATOR(pg_catalog.>) 0 THEN i.blocks_done
                ELSE i.tuples_done END,
           CASE WHEN i.blocks_total OPERATOR(pg_catalog.>) 0 THEN i.blocks_total
                ELSE i.tuples_total END
      FROM pg_catalog.pg_stat_progress_create_index AS i
    UNION ALL
    SELECT v.pid, 'VACUUM', v.heap_blks_scanned, v.heap_blks_total
      FROM pg_catalog.pg_stat_progress_vacuum AS v
    UNION ALL
    SELECT z.pid, 'ANALYZE', z.sample_blks_scanned, z.sample_blks_total
      FROM pg_catalog.pg_stat_progress_analyze AS z
    UNION ALL
    SELECT u.pid, u.command, u.heap_blks_scanned, u.heap_blks_total
      FROM pg_catalog.pg_stat_progress_cluster AS u
    UNION ALL
    SELECT b.pid, 'base backup', b.backup_streamed, b.backup_total
      FROM pg_catalog.pg_stat_progress_basebackup AS b) AS p
