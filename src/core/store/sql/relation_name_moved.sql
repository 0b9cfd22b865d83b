-- name:  relation_name_moved
-- doc:   A relation got another oid: its name goes with it, on all nodes.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 int8 from
-- param: $4 int8 to
UPDATE OR REPLACE relation_name
   SET oid = $4
 WHERE oid = $3
   AND node IN (SELECT id FROM node WHERE system_identifier = $1 AND dbname = $2)
