-- name:  migration_put
-- doc:   Records a direction of a migration, in place of what the same run knew of it.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 int8 run
-- param: $4 text version
-- param: $5 text direction
-- param: $6 int8 at_us
-- param: $7 text name
-- param: $8 text hash
-- param: $9 text outcome
-- param: $10 float8 longest_hold_ms
-- param: $11 bool analyzed
-- param: $12 text forced
INSERT OR REPLACE INTO migration (system_identifier, dbname, run_id, version, direction, at_us,
                                  name, hash, outcome, longest_hold_ms, analyzed, forced)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
