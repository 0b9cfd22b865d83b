-- name:  apply_tool_free
-- doc:   Gives the advisory lock of the folder's own tool back.
-- since: 140000
-- param: $1 int8 its key
-- row:   freed bool
SELECT pg_catalog.pg_advisory_unlock($1) AS freed
