-- name:  minutes
-- doc:   The minutes of a target, oldest first.
-- param: $1 text target
-- param: $2 int8 from this minute on
-- row:   minute int8, samples int8, missed int8, ordinary int8, used_max int8, used_sum int8,
--        active_max int8, idle_max int8, in_transaction_max int8, waiting_max int8,
--        query_seconds_max float8
SELECT minute, samples, missed, ordinary, used_max, used_sum, active_max, idle_max,
       in_transaction_max, waiting_max, query_seconds_max
  FROM minute
 WHERE target = $1 AND minute >= $2
 ORDER BY minute
