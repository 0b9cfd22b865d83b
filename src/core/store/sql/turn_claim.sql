-- name:  turn_claim
-- doc:   Records a turn unless somebody has it. What another daemon was thought to do is free, and so
--        is what was missed by a clock that was ahead, and the row of the owner named last.
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
-- param: $16 text os_host of the owner whose unfinished row may be taken over; null: of nobody
-- param: $17 text os_boot of it
-- param: $18 int8 pid of it
-- param: $19 int8 pid_started of it
INSERT INTO turn (target, section, turn_us, window_end_us, started_us, ended_us, outcome,
                  exit_code, attempts, run_id, reason, os_host, os_boot, pid, pid_started)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (target, section, turn_us) DO UPDATE
   SET window_end_us = excluded.window_end_us, started_us = excluded.started_us,
       ended_us = excluded.ended_us, outcome = excluded.outcome,
       exit_code = excluded.exit_code, attempts = excluded.attempts, run_id = excluded.run_id,
       reason = excluded.reason, os_host = excluded.os_host, os_boot = excluded.os_boot,
       pid = excluded.pid, pid_started = excluded.pid_started
 WHERE excluded.outcome <> 'elsewhere'
   AND (turn.outcome = 'elsewhere'
        OR (turn.outcome = 'missed' AND excluded.outcome = 'running'
            AND turn.ended_us > excluded.started_us)
        OR (turn.ended_us = 0 AND turn.os_host = $16 AND turn.os_boot = $17 AND turn.pid = $18
            AND turn.pid_started = $19))
