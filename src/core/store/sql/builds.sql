-- name:  builds
-- doc:   What runs on a database of any section were building, oldest first, and whether they live.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- row:   run int8, step int8, schema text, name text, table_oid int8, index_oid int8,
--        before text, built text, unseen int8, ended_us int8, os_host text, os_boot text,
--        pid int8, pid_started int8
SELECT b.run_id AS run, b.step, b.schema, b.name, b.table_oid, b.index_oid, b.before, b.built,
       b.unseen, r.ended_us, r.os_host, r.os_boot, r.pid, r.pid_started
  FROM build AS b
  JOIN run AS r ON r.id = b.run_id
 WHERE r.system_identifier = $1
   AND r.dbname = $2
 ORDER BY b.run_id, b.step
