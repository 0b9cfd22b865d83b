-- name:  progress
-- doc:   How far each of these backends is with the table it vacuums or analyzes.
-- since: 140000
-- param: $1 int4[] backends
-- row:   pid int4, relation oid, phase text, fraction float8
SELECT v.pid, v.relid AS relation, v.phase,
       CASE WHEN v.heap_blks_total OPERATOR(pg_catalog.>) 0
            THEN v.heap_blks_scanned::pg_catalog.float8
                 OPERATOR(pg_catalog./) v.heap_blks_total::pg_catalog.float8 END AS fraction
  FROM pg_catalog.pg_stat_progress_vacuum AS v
 WHERE v.pid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int4[])
UNION ALL
SELECT a.pid, a.relid, a.phase,
       CASE WHEN a.sample_blks_total OPERATOR(pg_catalog.>) 0
            THEN a.sample_blks_scanned::pg_catalog.float8
                 OPERATOR(pg_catalog./) a.sample_blks_total::pg_catalog.float8 END
  FROM pg_catalog.pg_stat_progress_analyze AS a
 WHERE a.pid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int4[])
