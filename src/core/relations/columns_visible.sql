-- name:  columns_visible
-- doc:   The same for a role that may not: pg_stats shows what it may read.
-- since: 140000
-- param: $1 oid[] tables and indexes
-- row:   relation oid, number int2, length int2, align "char", storage "char", dropped bool,
--        not_null bool, even bool, null_fraction float4, width int4, n_distinct float4
SELECT a.attrelid AS relation,
       a.attnum AS number,
       a.attlen AS length,
       a.attalign AS align,
       a.attstorage AS storage,
       a.attisdropped AS dropped,
       a.attnotnull AS not_null,
       a.atttypid OPERATOR(pg_catalog.=) 'pg_catalog.bpchar'::pg_catalog.regtype::pg_catalog.oid
           AND a.atttypmod OPERATOR(pg_catalog.>) 0
           OR f.rngtypid IS NOT NULL AS even,
       s.null_frac AS null_fraction,
       s.avg_width AS width,
       s.n_distinct
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN ( -- ranges of what has a fixed width
        SELECT r.rngtypid
          FROM pg_catalog.pg_range AS r
          JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) r.rngsubtype
         WHERE t.typlen OPERATOR(pg_catalog.>) 0::pg_catalog.int2) AS f
    ON f.rngtypid OPERATOR(pg_catalog.=) a.atttypid
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_stats AS s
    ON s.schemaname OPERATOR(pg_catalog.=) n.nspname
   AND s.tablename OPERATOR(pg_catalog.=) c.relname
   AND s.attname OPERATOR(pg_catalog.=) a.attname
   AND NOT s.inherited
 WHERE a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND a.attrelid OPERATOR(pg_catalog.=) ANY ($1)
