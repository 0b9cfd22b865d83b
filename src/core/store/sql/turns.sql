-- name:  turns
-- doc:   Turns, newest first.
-- param: $1 text only of this target; null: all
-- param: $2 text only of this section; null: all
-- param: $3 int8 most rows; negative: no limit
-- row:   target text, section text, turn_us int8, window_end_us int8, started_us int8,
--        ended_us int8, outcome text, exit_code int8, attempts int8, run_id int8, reason text,
--        os_host text, os_boot text, pid int8, pid_started int8
SELECT target, section, turn_us, window_end_us, started_us, ended_us, outcome, exit_code,
       attempts, run_id, reason, os_host, os_boot, pid, pid_started
  FROM turn
 WHERE ($1 IS NULL OR target = $1)
   AND ($2 IS NULL OR section = $2)
 ORDER BY turn_us DESC, target, section
 LIMIT $3
