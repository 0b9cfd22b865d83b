-- name:  turns_forget
-- doc:   Forgets old turns, but never the newest of a job: it says what has had its turn.
-- param: $1 int8 those from before
DELETE FROM turn
 WHERE turn_us < $1
   AND ended_us <> 0
   AND turn_us < (SELECT max(n.turn_us)
                    FROM turn AS n
                   WHERE n.target = turn.target AND n.section = turn.section)
