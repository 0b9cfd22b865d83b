-- name:  rehearsal_put
-- doc:   Records a rehearsal.
-- param: $1 int8 run
-- param: $2 int8 at_us
-- param: $3 text system_identifier
-- param: $4 text dbname
-- param: $5 text version
-- param: $6 text name
-- param: $7 text hash
-- param: $8 text schema_hash
-- param: $9 text verdict
-- param: $10 text detail
-- param: $11 float8 longest_hold_ms
-- param: $12 float8 predicted_hold_ms
-- param: $13 bool transactional
-- param: $14 bool passed
INSERT INTO rehearsal (run_id, at_us, system_identifier, dbname, version, name, hash, schema_hash,
                       verdict, detail, longest_hold_ms, predicted_hold_ms, transactional, passed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
