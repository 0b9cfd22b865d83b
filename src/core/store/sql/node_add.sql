-- name:  node_add
-- doc:   Makes a node known, where it is not.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 text name
INSERT INTO node (system_identifier, dbname, name)
VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
