-- name:  shadow_lock
-- doc:   Says for as long as the session lives that the database of this name is in use.
-- since: 140000
-- param: $1 text name of the database
-- row:   got bool
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1::pg_catalog.text, 7)) AS got
