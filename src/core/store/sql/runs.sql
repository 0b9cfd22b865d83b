-- name:  runs
-- doc:   Runs, newest first.
-- param: $1 int8 only this run; null: all
-- param: $2 text only this section; null: all
-- param: $3 text only this target; null: all
-- param: $4 int8 most rows; negative: no limit
-- row:   id int8, section text, verb text, target text, host text, dbname text, role text,
--        system_identifier text, version_num int8, command_line text, started_us int8,
--        ended_us int8, deadline_us int8, os_user text, os_host text, os_boot text, pid int8,
--        pid_started int8, outcome text, exit_code int8, error text, summary text, undoes int8,
--        undo_run int8, actor text, reason text, stopped_by text, stop_reason text,
--        stopped_us int8
SELECT id, section, verb, target, host, dbname, role, system_identifier, version_num,
       command_line, started_us, ended_us, deadline_us, os_user, os_host, os_boot, pid,
       pid_started, outcome, exit_code, error, summary, undoes,
       (SELECT max(u.id) FROM run AS u WHERE u.undoes = run.id) AS undo_run,
       actor, reason, stopped_by, stop_reason, stopped_us
  FROM run
 WHERE ($1 IS NULL OR id = $1)
   AND ($2 IS NULL OR section = $2)
   AND ($3 IS NULL OR target = $3)
 ORDER BY id DESC
 LIMIT $4
