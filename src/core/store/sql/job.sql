-- name:  job
-- doc:   Since when a job is scheduled like that, and its newest turn.
-- param: $1 text target
-- param: $2 text section
-- param: $3 text schedule
-- param: $4 text zone
-- row:   since_us int8, turn_us int8
SELECT since_us,
       coalesce((SELECT max(t.turn_us)
                   FROM turn AS t
                  WHERE t.target = $1 AND t.section = $2 AND t.ended_us <> 0), 0) AS turn_us
  FROM job
 WHERE target = $1 AND section = $2 AND schedule = $3 AND zone = $4
