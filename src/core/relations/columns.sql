-- name:  columns
-- doc:   Columns of these tables and indexes, with the planner's statistics, for a role that may
--        read pg_statistic itself.
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
       s.stanullfrac AS null_fraction,
       s.stawidth AS width,
       s.stadistinct AS n_distinct
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN ( -- ranges of what has a fixed width
        SELECT r.rngtypid
          FROM pg_catalog.pg_range AS r
          JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) r.rngsubtype
         WHERE t.typlen OPERATOR(pg_catalog.>) 0::pg_catalog.int2) AS f
    ON f.rngtypid OPERATOR(pg_catalog.=) a.atttypid
  LEFT JOIN pg_catalog.pg_statistic AS s
    ON s.starelid OPERATOR(pg_catalog.=) a.attrelid
   AND s.staattnum OPERATOR(pg_catalog.=) a.attnum
   AND NOT s.stainherit
 WHERE a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND a.attrelid OPERATOR(pg_catalog.=) ANY ($1)
