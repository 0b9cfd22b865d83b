-- name:  views
-- doc:   What views and materialized views read.
-- since: 140000
-- row:   view oid, schema text, name text
SELECT DISTINCT r.ev_class AS view,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_rewrite AS r
  JOIN pg_catalog.pg_class AS v ON v.oid OPERATOR(pg_catalog.=) r.ev_class
  JOIN pg_catalog.pg_namespace AS vn ON vn.oid OPERATOR(pg_catalog.=) v.relnamespace
  JOIN pg_catalog.pg_depend AS d
    ON d.objid OPERATOR(pg_catalog.=) r.oid
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
   AND d.refclassid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
   AND d.refobjid OPERATOR(pg_catalog.<>) r.ev_class
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) d.refobjid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE v.relkind OPERATOR(pg_catalog.=) ANY ('{v,m}'::"char"[])
   AND vn.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND vn.nspname OPERATOR(pg_catalog.!~) '^pg_'
