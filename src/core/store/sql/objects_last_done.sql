-- name:  objects_last_done
-- doc:   The newest measured success of every object in scope. The bare columns are those of the
--        row with the maximum, which SQLite guarantees.
-- param: $1 text section
-- param: $2 text system_identifier
-- param: $3 text dbname
-- row:   step int8, schema text, name text, outcome text, reason text, seconds float8,
--        bytes int8, before text, after text, newest_run int8
SELECT o.step, o.schema, o.name, o.outcome, o.reason, o.seconds, o.bytes, o.before, o.after,
       max(o.run_id) AS newest_run
  FROM object AS o INDEXED BY object_done
       JOIN run AS r ON r.id = o.run_id
 WHERE o.outcome = 'done'
   AND o.seconds > 0
   AND r.section = $1
   AND r.system_identifier = $2
   AND r.dbname = $3
 GROUP BY o.schema, o.name
