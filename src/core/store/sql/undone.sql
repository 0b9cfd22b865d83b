-- name:  undone
-- doc:   What runs that take back a run have done, oldest first.
-- param: $1 int8 run
-- row:   run int8, at_us int8, sql text
SELECT u.id AS run, CASE WHEN s.ended_us > 0 THEN s.ended_us ELSE u.started_us END AS at_us,
       s.sql
  FROM run AS u
       JOIN step AS s ON s.run_id = u.id
 WHERE u.undoes = $1
   AND s.outcome = 'done'
 ORDER BY u.id, s.number
