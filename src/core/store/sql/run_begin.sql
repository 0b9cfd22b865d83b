-- name:  run_begin
-- doc:   Records that a run starts.
-- param: $1 text section
-- param: $2 text verb
-- param: $3 text target
-- param: $4 text host
-- param: $5 text dbname
-- param: $6 text role
-- param: $7 text system_identifier
-- param: $8 int8 version_num
-- param: $9 text command_line
-- param: $10 int8 deadline_us
-- param: $11 int8 started_us
-- param: $12 text os_user
-- param: $13 text os_host
-- param: $14 text os_boot
-- param: $15 int8 pid
-- param: $16 int8 pid_started
-- param: $17 int8 undoes; null: none
-- param: $18 text actor; null: who ran the command line
-- param: $19 text reason; null: none
INSERT INTO run (section, verb, target, host, dbname, role, system_identifier, version_num,
                 command_line, deadline_us, started_us, os_user, os_host, os_boot, pid,
                 pid_started, undoes, actor, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
        $17, $18, $19)
