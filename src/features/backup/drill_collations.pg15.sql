-- name:  drill_collations
-- doc:   The same where the database has a version of its own collation.
-- since: 150000
-- param: $1 text its OID
-- row:   name text, was text, here text
SELECT v.name, v.was, v.here
  FROM pg_catalog.pg_index i
  JOIN LATERAL (
       SELECT pg_catalog.quote_ident(c.collname) AS name, c.collversion AS was,
              pg_catalog.pg_collation_actual_version(c.oid) AS here
         FROM pg_catalog.pg_collation c
        WHERE c.oid OPERATOR(pg_catalog.=) ANY (i.indcollation::pg_catalog.oid[])
          AND c.collname OPERATOR(pg_catalog.<>) 'default'
       UNION ALL
       SELECT 'of the database', d.datcollversion,
              pg_catalog.pg_database_collation_actual_version(d.oid)
         FROM pg_catalog.pg_database d
         JOIN pg_catalog.pg_collation c ON c.collname OPERATOR(pg_catalog.=) 'default'
        WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
          AND c.oid OPERATOR(pg_catalog.=) ANY (i.indcollation::pg_catalog.oid[])) v
    ON v.was OPERATOR(pg_catalog.<>) v.here
 WHERE i.indexrelid OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.oid
