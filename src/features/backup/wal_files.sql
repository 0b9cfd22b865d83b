-- name:  wal_files
-- doc:   How many files of WAL the server sees in its pg_wal.
-- since: 140000
-- row:   files int8
SELECT pg_catalog.count(*) AS files
  FROM pg_catalog.pg_ls_waldir() AS f
 WHERE f.name OPERATOR(pg_catalog.~) '^[0-9A-F]{24}$'
