-- name:  sizes_before
-- doc:   For every relation its newest size at or before that time. It was last seen so when it
--        was first seen so, or at the last sample that still came before.
-- param: $1 int8 node
-- param: $2 int8 before_us
-- row:   oid int8, filenode int8, at_us int8, bytes int8, rows float8
SELECT r.oid, r.filenode, max(r.at_us, s.at_us) AS at_us, r.bytes, r.rows
  FROM (SELECT coalesce(max(at_us), 0) AS at_us
          FROM size_day
         WHERE node = $1 AND at_us <= $2) AS s,
       (SELECT oid, filenode, at_us, bytes, rows
          FROM relation
         WHERE node = $1 AND at_us <= $2
         UNION ALL
        SELECT n.oid, w.filenode, w.at_us, w.bytes, w.rows
          FROM relation AS n
               JOIN relation_week AS w
                 ON w.node = n.node
                    AND w.oid = n.oid
                    AND w.week = (SELECT v.week
                                    FROM relation_week AS v
                                   WHERE v.node = n.node AND v.oid = n.oid AND v.at_us <= $2
                                   ORDER BY v.week DESC
                                   LIMIT 1)
         WHERE n.node = $1 AND n.at_us > $2
           -- In the first weeks there is none, and no need to look for each.
           AND EXISTS (SELECT 1 FROM relation_week WHERE node = $1)) AS r
