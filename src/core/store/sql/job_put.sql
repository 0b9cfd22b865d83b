-- name:  job_put
-- doc:   Records a job as it is scheduled from now on.
-- param: $1 text target
-- param: $2 text section
-- param: $3 text schedule
-- param: $4 text zone
-- param: $5 int8 since_us
INSERT OR REPLACE INTO job (target, section, schedule, zone, since_us)
VALUES ($1, $2, $3, $4, $5)
