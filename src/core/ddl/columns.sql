-- name:  columns
-- doc:   The columns of these relations: an array's type is that of its elements.
-- since: 140000
-- row:   relation oid, name text, type_schema text, type text, typmod int4, is_array bool,
--        collation text, not_null bool, has_default bool, generated "char", identity bool
SELECT a.attrelid AS relation,
       a.attname::pg_catalog.text AS name,
       n.nspname::pg_catalog.text AS type_schema,
       COALESCE(e.typname, t.typname)::pg_catalog.text AS type,
       a.atttypmod AS typmod,
       e.oid IS NOT NULL AS is_array,
       o.collname::pg_catalog.text AS collation,
       a.attnotnull AS not_null,
       a.atthasdef AND a.attgenerated OPERATOR(pg_catalog.=) ''::"char" AS has_default,
       a.attgenerated AS generated,
       a.attidentity OPERATOR(pg_catalog.<>) ''::"char" AS identity
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) a.attrelid
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
  LEFT JOIN pg_catalog.pg_type AS e
    ON e.oid OPERATOR(pg_catalog.=) t.typelem
   AND t.typcategory OPERATOR(pg_catalog.=) 'A'::"char"
  JOIN pg_catalog.pg_namespace AS n
    ON n.oid OPERATOR(pg_catalog.=) COALESCE(e.typnamespace, t.typnamespace)
  LEFT JOIN pg_catalog.pg_collation AS o
    ON o.oid OPERATOR(pg_catalog.=) a.attcollation
   AND a.attcollation OPERATOR(pg_catalog.<>) t.typcollation
 WHERE a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND NOT a.attisdropped
   AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m,v,f,c}'::"char"[])
   AND cn.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND cn.nspname OPERATOR(pg_catalog.!~) '^pg_'
 ORDER BY a.attrelid, a.attnum
