-- name:  shadow_statistics
-- doc:   How many of a column's rows have no value, and whether numbers below zero are among them, by
--        the planner's statistics that our role may see.
-- since: 140000
-- row:   schema text, name text, column text, nulls float8, negative bool
SELECT s.schemaname::pg_catalog.text AS schema, s.tablename::pg_catalog.text AS name,
       s.attname::pg_catalog.text AS column, s.null_frac::pg_catalog.float8 AS nulls,
       pg_catalog.concat(s.most_common_vals::pg_catalog.text, s.histogram_bounds::pg_catalog.text)
           OPERATOR(pg_catalog.~) '[{,]-[0-9]' AS negative
  FROM pg_catalog.pg_stats AS s
 WHERE NOT s.inherited
   AND NOT s.schemaname OPERATOR(pg_catalog.~) '^pg_'
   AND s.schemaname OPERATOR(pg_catalog.<>) 'information_schema'
