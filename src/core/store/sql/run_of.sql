-- name:  run_of
-- doc:   The newest run of a process since it was started.
-- param: $1 text os_host
-- param: $2 text os_boot
-- param: $3 int8 pid
-- param: $4 int8 started not before
-- row:   id int8
SELECT id
  FROM run
 WHERE os_host = $1 AND os_boot = $2 AND pid = $3 AND started_us >= $4
 ORDER BY id DESC
 LIMIT 1
