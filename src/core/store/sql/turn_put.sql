-- name:  turn_put
-- doc:   Records a turn as it is now.
-- param: $1 text target
-- param: $2 text section
-- param: $3 int8 turn_us
-- param: $4 int8 window_end_us
-- param: $5 int8 started_us
-- param: $6 int8 ended_us
-- param: $7 text outcome
-- param: $8 int8 exit_code
-- param: $9 int8 attempts
-- param: $10 int8 run_id
-- param: $11 text reason
-- param: $12 text os_host
-- param: $13 text os_boot
-- param: $14 int8 pid
-- param: $15 int8 pid_started
INSERT OR REPLACE INTO turn (target, section, turn_us, window_end_us, started_us, ended_us,
                             outcome, exit_code, attempts, run_id, reason, os_host, os_boot,
                             pid, pid_started)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
