-- name:  job_forget
-- doc:   The job is scheduled no more.
-- param: $1 text target
-- param: $2 text section
DELETE FROM job WHERE target = $1 AND section = $2
