-- name:  runs_in_scope
-- doc:   Runs that know what they reached, newest first. One that was refused or broke before it
--        looked at any object says nothing about what is left to do.
-- param: $1 text section
-- param: $2 text system_identifier
-- param: $3 text dbname
-- row:   id int8, ended_us int8, os_host text, os_boot text, pid int8, pid_started int8
SELECT r.id, r.ended_us, r.os_host, r.os_boot, r.pid, r.pid_started
  FROM run AS r
 WHERE r.section = $1
   AND r.system_identifier = $2
   AND r.dbname = $3
   AND (r.outcome IN ('done', 'partly')
        OR EXISTS (SELECT 1 FROM object AS o WHERE o.run_id = r.id))
 ORDER BY r.id DESC
