-- name:  undone
-- doc:   What runs that take back a run have done, oldest first.
-- param: $1 int8 run
-- row:   sql text
SELECT s.sql
  FROM run AS u
       JOIN step AS s ON s.run_id = u.id
 WHERE u.undoes = $1
   AND s.outcome = 'done'
 ORDER BY u.id, s.number
