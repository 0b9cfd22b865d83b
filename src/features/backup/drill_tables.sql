-- name:  drill_tables
-- doc:   What has rows, and large objects; the columns that are stored. undumped: pg_dump does not
--        read all of it, because it is an extension's, or can be computed anew.
-- since: 140000
-- row:   name text, columns text, undumped bool
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
       COALESCE((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ')
                   FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                    AND a.attnum OPERATOR(pg_catalog.>) 0
                    AND a.attgenerated OPERATOR(pg_catalog.<>) 'v'
                    AND NOT a.attisdropped), '') AS columns,
       (c.relkind OPERATOR(pg_catalog.=) 'm'
        OR EXISTS (SELECT
                     FROM pg_catalog.pg_depend d
                    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid OPERATOR(pg_catalog.=) c.oid
                      AND d.deptype OPERATOR(pg_catalog.=) 'e')
        OR EXISTS (SELECT
                     FROM pg_catalog.pg_attribute a
                    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                      AND a.attgenerated OPERATOR(pg_catalog.=) 's'
                      AND NOT a.attisdropped)) AS undumped
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE (c.relkind OPERATOR(pg_catalog.=) 'r'
        OR c.relkind OPERATOR(pg_catalog.=) 'm' AND c.relispopulated)
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND (n.nspname OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,information_schema}')
        OR c.relname OPERATOR(pg_catalog.=) 'pg_largeobject')
   AND n.nspname OPERATOR(pg_catalog.!~~) 'pg\_temp%'
 ORDER BY c.oid
