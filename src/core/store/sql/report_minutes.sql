-- name:  report_minutes
-- doc:   What the minutes of a target come to between two of them.
-- param: $1 text target
-- param: $2 int8 from this minute on
-- param: $3 int8 to before this one
-- row:   minutes int8, samples int8, missed int8, ordinary int8, used_max int8, used_sum int8,
--        in_transaction_max int8, waiting_max int8, query_seconds_max float8, peak int8
SELECT count(*) AS minutes, coalesce(sum(samples), 0) AS samples,
       coalesce(sum(missed), 0) AS missed, coalesce(min(nullif(ordinary, 0)), 0) AS ordinary,
       coalesce(max(used_max), 0) AS used_max, coalesce(sum(used_sum), 0) AS used_sum,
       coalesce(max(in_transaction_max), 0) AS in_transaction_max,
       coalesce(max(waiting_max), 0) AS waiting_max,
       coalesce(max(query_seconds_max), 0.0) AS query_seconds_max,
       coalesce((SELECT m.minute
                   FROM minute AS m
                  WHERE m.target = $1 AND m.minute >= $2 AND m.minute < $3
                  ORDER BY m.used_max DESC, m.minute
                  LIMIT 1), 0) AS peak
  FROM minute
 WHERE target = $1 AND minute >= $2 AND minute < $3
