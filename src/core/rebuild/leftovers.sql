-- name:  leftovers
-- doc:   Invalid indexes of this database whose name says that REINDEX CONCURRENTLY left them; those
--        on whose table one is being built are left out.
-- since: 140000
-- row:   oid oid, schema text, name text, table_oid oid, table_name text
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       t.oid AS table_oid,
       t.relname::pg_catalog.text AS table_name
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE c.relkind OPERATOR(pg_catalog.=) 'i'
   AND NOT (i.indisvalid AND i.indisready AND i.indislive)
   AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                    WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
                      AND (p.relid OPERATOR(pg_catalog.=) i.indrelid
                           OR (p.relid IS NULL
                               AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                                            WHERE l.pid OPERATOR(pg_catalog.=) p.pid
                                              AND l.relation OPERATOR(pg_catalog.=) i.indrelid
                                              AND l.mode OPERATOR(pg_catalog.=)
                                                  'ShareUpdateExclusiveLock'))))
 ORDER BY n.nspname, c.relname
