-- name:  finding_put
-- doc:   Keeps one thing that a section has found.
-- param: $1 int8 node
-- param: $2 text section
-- param: $3 int8 number
-- param: $4 int8 at_us
-- param: $5 text schema
-- param: $6 text name
-- param: $7 text relation
-- param: $8 text what
-- param: $9 text reason
-- param: $10 int8 bytes
-- param: $11 text command
INSERT INTO finding (node, section, number, at_us, schema, name, relation, what, reason, bytes,
                     command)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
