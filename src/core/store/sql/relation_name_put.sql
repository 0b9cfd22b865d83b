-- name:  relation_name_put
-- doc:   Keeps what a relation is called, in place of what it was called before.
-- param: $1 int8 node
-- param: $2 int8 oid
-- param: $3 text kind
-- param: $4 text schema
-- param: $5 text name
INSERT INTO relation_name (node, oid, kind, schema, name)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (node, oid) DO UPDATE
   SET kind = excluded.kind, schema = excluded.schema, name = excluded.name
 WHERE kind <> excluded.kind OR schema <> excluded.schema OR name <> excluded.name
