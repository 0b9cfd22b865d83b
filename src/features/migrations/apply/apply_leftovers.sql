-- name:  apply_leftovers
-- doc:   Indexes that a REINDEX CONCURRENTLY has left invalid, and on whose table nobody is at work
--        now.
-- since: 140000
-- row:   oid oid, schema text, name text
SELECT c.oid, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE NOT i.indisvalid
   AND c.relkind OPERATOR(pg_catalog.=) 'i'
   AND n.nspname OPERATOR(pg_catalog.<>) 'pg_toast'
   AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                    WHERE l.relation OPERATOR(pg_catalog.=) i.indrelid
                      AND l.mode OPERATOR(pg_catalog.=) 'ShareUpdateExclusiveLock'
                      AND l.database OPERATOR(pg_catalog.=)
                          (SELECT d.oid FROM pg_catalog.pg_database AS d
                            WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
 ORDER BY n.nspname, c.relname
