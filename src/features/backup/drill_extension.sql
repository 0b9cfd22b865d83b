-- name:  drill_extension
-- doc:   amcheck: whether it can be had here, and the quoted schema it is in.
-- since: 140000
-- row:   available bool, schema text
SELECT (SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0
          FROM pg_catalog.pg_available_extensions() a
         WHERE a.name OPERATOR(pg_catalog.=) 'amcheck') AS available,
       (SELECT pg_catalog.quote_ident(n.nspname)
          FROM pg_catalog.pg_extension e
          JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
         WHERE e.extname OPERATOR(pg_catalog.=) 'amcheck') AS schema
