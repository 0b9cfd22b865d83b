-- name:  relation_weeks_forget
-- doc:   Forgets the sizes that are too old, but for the one that a relation had when the time to
--        keep began, and those of a time that has not come: the clock was wrong.
-- param: $1 int8 node
-- param: $2 int8 oldest week to keep
-- param: $3 int8 this week
DELETE FROM relation_week AS w
 WHERE w.node = $1
   AND (w.week > $3
        OR w.week < $2
           AND EXISTS (SELECT 1
                         FROM relation_week AS v
                        WHERE v.node = w.node
                          AND v.oid = w.oid
                          AND v.week > w.week
                          AND v.week <= $2))
