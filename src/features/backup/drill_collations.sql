-- name:  drill_collations
-- doc:   The collations of an index that are of another version here than where it was made.
-- since: 140000
-- param: $1 text its OID
-- row:   name text, was text, here text
SELECT pg_catalog.quote_ident(c.collname) AS name,
       c.collversion AS was,
       pg_catalog.pg_collation_actual_version(c.oid) AS here
  FROM pg_catalog.pg_collation c
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ((SELECT i.indcollation
                                            FROM pg_catalog.pg_index i
                                           WHERE i.indexrelid OPERATOR(pg_catalog.=)
                                                 $1::pg_catalog.text::pg_catalog.oid)::pg_catalog.oid[])
   AND c.collversion OPERATOR(pg_catalog.<>) pg_catalog.pg_collation_actual_version(c.oid)
