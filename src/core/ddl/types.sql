-- name:  types
-- doc:   Types outside of system schemas; of a domain what it is made of and whether it checks.
-- since: 140000
-- row:   schema text, name text, kind "char", base_schema text, base text, typmod int4,
--        is_array bool, constrained bool, not_null bool, default_text text
SELECT n.nspname::pg_catalog.text AS schema,
       t.typname::pg_catalog.text AS name,
       t.typtype AS kind,
       bn.nspname::pg_catalog.text AS base_schema,
       COALESCE(e.typname, b.typname)::pg_catalog.text AS base,
       t.typtypmod AS typmod,
       e.oid IS NOT NULL AS is_array,
       EXISTS (SELECT 1
                 FROM pg_catalog.pg_constraint AS k
                WHERE k.contypid OPERATOR(pg_catalog.=) t.oid
                  AND k.contype OPERATOR(pg_catalog.=) 'c'::"char") AS constrained,
       t.typnotnull AS not_null,
       t.typdefault AS default_text
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) t.typrelid
  LEFT JOIN pg_catalog.pg_type AS b ON b.oid OPERATOR(pg_catalog.=) t.typbasetype
  LEFT JOIN pg_catalog.pg_type AS e
    ON e.oid OPERATOR(pg_catalog.=) b.typelem
   AND b.typcategory OPERATOR(pg_catalog.=) 'A'::"char"
  LEFT JOIN pg_catalog.pg_namespace AS bn
    ON bn.oid OPERATOR(pg_catalog.=) COALESCE(e.typnamespace, b.typnamespace)
 WHERE n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
   AND t.typcategory OPERATOR(pg_catalog.<>) 'A'::"char"
   AND (c.oid IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'c'::"char")
