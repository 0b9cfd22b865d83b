-- name:  uses
-- doc:   What keeps a column's type as it is: views and rules, policies, triggers and generated
--        columns that name it. Up to 14 it is the generated column that depends on the others, from
--        15 on its expression.
-- since: 140000
-- row:   relation oid, column text, kind text, schema text, name text
SELECT DISTINCT d.refobjid AS relation,
       a.attname::pg_catalog.text AS column,
       CASE WHEN v.oid IS NOT NULL AND v.relkind OPERATOR(pg_catalog.=) 'm'::"char"
            THEN 'materialized view'
            WHEN v.oid IS NOT NULL AND v.relkind OPERATOR(pg_catalog.=) 'v'::"char" THEN 'view'
            WHEN r.oid IS NOT NULL THEN 'rule'
            WHEN p.oid IS NOT NULL THEN 'policy'
            WHEN t.oid IS NOT NULL THEN 'trigger'
            ELSE 'generated column' END AS kind,
       vn.nspname::pg_catalog.text AS schema,
       COALESCE(CASE WHEN v.relkind OPERATOR(pg_catalog.=) ANY ('{v,m}'::"char"[])
                     THEN v.relname END,
                r.rulename, p.polname, t.tgname, g.attname)::pg_catalog.text AS name
  FROM pg_catalog.pg_depend AS d
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) d.refobjid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_attribute AS a
    ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid
   AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid
  LEFT JOIN pg_catalog.pg_rewrite AS r
    ON r.oid OPERATOR(pg_catalog.=) d.objid
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
  LEFT JOIN pg_catalog.pg_class AS v ON v.oid OPERATOR(pg_catalog.=) r.ev_class
  LEFT JOIN pg_catalog.pg_namespace AS vn ON vn.oid OPERATOR(pg_catalog.=) v.relnamespace
  LEFT JOIN pg_catalog.pg_policy AS p
    ON p.oid OPERATOR(pg_catalog.=) d.objid
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid
  LEFT JOIN pg_catalog.pg_trigger AS t
    ON t.oid OPERATOR(pg_catalog.=) d.objid
   AND NOT t.tgisinternal
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid
  LEFT JOIN pg_catalog.pg_attrdef AS e
    ON e.oid OPERATOR(pg_catalog.=) d.objid
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid
  LEFT JOIN pg_catalog.pg_attribute AS g
    ON g.attrelid OPERATOR(pg_catalog.=) d.refobjid
   AND g.attgenerated OPERATOR(pg_catalog.<>) ''::"char"
   AND g.attnum::pg_catalog.int4 OPERATOR(pg_catalog.<>) d.refobjsubid
   AND ((e.adrelid OPERATOR(pg_catalog.=) d.refobjid
         AND g.attnum OPERATOR(pg_catalog.=) e.adnum)
        OR (d.classid OPERATOR(pg_catalog.=)
            'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            AND d.objid OPERATOR(pg_catalog.=) d.refobjid
            AND g.attnum::pg_catalog.int4 OPERATOR(pg_catalog.=) d.objsubid))
 WHERE d.refclassid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
   AND d.refobjsubid OPERATOR(pg_catalog.>) 0
   AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
   AND (r.oid IS NOT NULL OR p.oid IS NOT NULL OR t.oid IS NOT NULL OR g.attname IS NOT NULL)
