-- name:  invalid
-- doc:   The invalid indexes of a table, oldest first, and whether one is being built.
-- since: 140000
-- param: $1 oid table
-- row:   oid oid, schema text, name text, name_bytes int4, building bool
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       pg_catalog.octet_length(c.relname::pg_catalog.text) AS name_bytes,
       EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
                  AND (p.relid OPERATOR(pg_catalog.=) i.indrelid
                       OR (p.relid IS NULL
                           AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                                        WHERE l.pid OPERATOR(pg_catalog.=) p.pid
                                          AND l.relation OPERATOR(pg_catalog.=) i.indrelid
                                          AND l.mode OPERATOR(pg_catalog.=)
                                              'ShareUpdateExclusiveLock')))) AS building
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE i.indrelid OPERATOR(pg_catalog.=) $1
   AND c.relkind OPERATOR(pg_catalog.=) 'i'
   AND NOT (i.indisvalid AND i.indisready AND i.indislive)
 ORDER BY c.oid
