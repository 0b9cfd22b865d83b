-- name:  type
-- doc:   Whether a type's name in a query's header and an answer's type are the same.
-- since: 140000
-- param: $1 text name in the header
-- param: $2 oid type of the answer
-- row:   same bool, actual text
SELECT COALESCE(pg_catalog.to_regtype($1)::pg_catalog.oid OPERATOR(pg_catalog.=) $2, false)
           AS same,
       pg_catalog.format_type($2, NULL) AS actual
