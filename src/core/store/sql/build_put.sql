-- name:  build_put
-- doc:   Records what a step is building, in place of what was known of it before.
-- param: $1 int8 run
-- param: $2 int8 step
-- param: $3 text schema
-- param: $4 text name
-- param: $5 int8 table_oid
-- param: $6 int8 index_oid
-- param: $7 text before
-- param: $8 text built
-- param: $9 int8 unseen
INSERT OR REPLACE INTO build (run_id, step, schema, name, table_oid, index_oid, before, built,
                              unseen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
