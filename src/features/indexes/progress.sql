-- name:  progress
-- doc:   How far a backend is with the index it builds.
-- since: 140000
-- param: $1 int4 backend
-- row:   phase text, fraction float8
SELECT p.phase,
       CASE WHEN p.blocks_total OPERATOR(pg_catalog.>) 0
            THEN p.blocks_done::pg_catalog.float8
                 OPERATOR(pg_catalog./) p.blocks_total::pg_catalog.float8
            WHEN p.tuples_total OPERATOR(pg_catalog.>) 0
            THEN p.tuples_done::pg_catalog.float8
                 OPERATOR(pg_catalog./) p.tuples_total::pg_catalog.float8
            ELSE 0 END AS fraction
  FROM pg_catalog.pg_stat_progress_create_index AS p
 WHERE p.pid OPERATOR(pg_catalog.=) $1
