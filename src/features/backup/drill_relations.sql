-- name:  drill_relations
-- doc:   What amcheck can look at: B-tree and GIN indexes that are whole, and heaps.
-- since: 140000
-- row:   oid text, kind text, name text
SELECT c.oid::pg_catalog.text AS oid,
       CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'i' THEN a.amname ELSE 'heap' END::pg_catalog.text
         AS kind,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_am a ON a.oid OPERATOR(pg_catalog.=) c.relam
  LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
 WHERE c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND (c.relkind OPERATOR(pg_catalog.=) 'i' AND a.amname OPERATOR(pg_catalog.=) ANY ('{btree,gin}')
        AND i.indisready AND i.indisvalid
        OR c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,t}')
           AND a.amname OPERATOR(pg_catalog.=) 'heap')
 ORDER BY c.relkind, c.oid
