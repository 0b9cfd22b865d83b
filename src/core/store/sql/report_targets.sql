-- name:  report_targets
-- doc:   The targets that were watched between two minutes.
-- param: $1 int8 from this minute on
-- param: $2 int8 to before this one
-- row:   target text
SELECT DISTINCT target
  FROM minute
 WHERE minute >= $1 AND minute < $2
 ORDER BY target
