-- name:  runs_old
-- doc:   Runs that may be forgotten, oldest first. Never the newest one of a section on a database,
--        nor the newest that knows what it reached; nor one of which something invalid may be left;
--        and what can still be taken back is kept longer.
-- param: $1 int8 those that started before
-- param: $2 int8 the same for those that can still be taken back
-- row:   id int8
SELECT r.id
  FROM run AS r
 WHERE r.started_us < $1
   AND r.id NOT IN (SELECT max(n.id)
                      FROM run AS n
                     GROUP BY n.section, n.system_identifier, n.dbname)
   AND r.id NOT IN (SELECT max(n.id)
                      FROM run AS n
                     WHERE n.outcome IN ('done', 'partly')
                     GROUP BY n.section, n.system_identifier, n.dbname)
   AND NOT EXISTS (SELECT 1 FROM build AS b WHERE b.run_id = r.id)
   AND (r.started_us < $2
        OR NOT EXISTS (SELECT 1
                         FROM step AS s
                        WHERE s.run_id = r.id AND s.outcome = 'done' AND s.undo IS NOT NULL)
        OR EXISTS (SELECT 1 FROM run AS u WHERE u.undoes = r.id AND u.outcome = 'done'))
 ORDER BY r.id
