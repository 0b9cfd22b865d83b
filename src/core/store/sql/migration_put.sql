-- name:  migration_put
-- doc:   Records a direction of a migration, in place of what the same run knew of it.
-- param: $1 text system_identifier
-- param: $2 text dbname
-- param: $3 text ledger
-- param: $4 int8 run
-- param: $5 text version
-- param: $6 text direction
-- param: $7 int8 at_us
-- param: $8 text name
-- param: $9 text hash
-- param: $10 text outcome
-- param: $11 float8 longest_hold_ms
-- param: $12 bool analyzed
-- param: $13 text forced
INSERT OR REPLACE INTO migration (system_identifier, dbname, ledger, run_id, version, direction,
                                  at_us, name, hash, outcome, longest_hold_ms, analyzed, forced)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
