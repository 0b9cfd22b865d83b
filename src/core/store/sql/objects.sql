-- name:  objects
-- doc:   A run's objects in the order of its steps, those without one last.
-- param: $1 int8 run
-- param: $2 text only those with this outcome; null: all
-- row:   step int8, schema text, name text, outcome text, reason text, seconds float8,
--        bytes int8, before text, after text
SELECT step, schema, name, outcome, reason, seconds, bytes, before, after
  FROM object
 WHERE run_id = $1
   AND ($2 IS NULL OR outcome = $2)
 ORDER BY step = 0, step, schema, name
