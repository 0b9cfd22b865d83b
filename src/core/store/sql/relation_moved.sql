-- name:  relation_moved
-- doc:   A relation got another oid: its newest size goes with it, on all nodes.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 int8 from
-- param: $4 int8 to
UPDATE OR REPLACE relation
   SET oid = $4
 WHERE oid = $3
   AND node IN (SELECT id FROM node WHERE system_identifier = $1 AND dbname = $2)
