-- name:  apply_tool_lock
-- doc:   Takes the advisory lock that the folder's own tool would take, or says no at once.
-- since: 140000
-- param: $1 int8 its key
-- row:   got bool
SELECT pg_catalog.pg_try_advisory_lock($1) AS got
