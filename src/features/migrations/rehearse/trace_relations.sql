-- name:  trace_relations
-- doc:   Every relation of the database but the server's own, with its file and its size, as it is
--        before a script. What is measured afterwards is measured by these OIDs: a table that is
--        dropped has no name any more while its lock is still held.
-- since: 140000
-- row:   oid oid, schema text, name text, kind text, filenode oid, bytes int8, index_bytes int8, heap_bytes int8, table_oid oid
SELECT c.oid, n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name,
       c.relkind::pg_catalog.text AS kind, c.relfilenode AS filenode,
       coalesce(CASE WHEN c.relkind IN ('r', 'm')
                     THEN pg_catalog.pg_table_size(c.oid::pg_catalog.regclass) END,
                0)::pg_catalog.int8 AS bytes,
       coalesce(CASE WHEN c.relkind IN ('r', 'm')
                     THEN pg_catalog.pg_indexes_size(c.oid::pg_catalog.regclass) END,
                0)::pg_catalog.int8 AS index_bytes,
       coalesce(CASE WHEN c.relkind IN ('r', 'm')
                     THEN pg_catalog.pg_relation_size(c.oid::pg_catalog.regclass) END,
                0)::pg_catalog.int8 AS heap_bytes,
       coalesce(x.indrelid, 0::pg_catalog.oid) AS table_oid
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid OPERATOR(pg_catalog.=) c.oid
 WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND NOT n.nspname OPERATOR(pg_catalog.~) '^pg_(toast|temp|catalog)'
