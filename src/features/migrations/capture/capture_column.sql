-- name:  capture_column
-- doc:   A column as ADD COLUMN would make it again.
-- since: 140000
-- param: $1 text[] the schemas to look in
-- param: $2 name the table's name
-- param: $3 name the column's name
-- row:   type text, definition text, fallback text, comment text, not_null bool
SELECT f.type,
       pg_catalog.concat_ws(' ', f.type,
           CASE WHEN o.collname IS NOT NULL
                THEN pg_catalog.format('COLLATE %I.%I', cn.nspname, o.collname) END,
           CASE WHEN a.attgenerated OPERATOR(pg_catalog.=) 's'
                THEN pg_catalog.format('GENERATED ALWAYS AS (%s) STORED', f.expression)
                WHEN a.attgenerated OPERATOR(pg_catalog.<>) ''
                THEN pg_catalog.format('GENERATED ALWAYS AS (%s) VIRTUAL', f.expression)
                WHEN f.expression IS NOT NULL
                THEN pg_catalog.format('DEFAULT %s', f.expression) END,
           CASE WHEN a.attnotnull THEN 'NOT NULL' END) AS definition,
       CASE WHEN a.attgenerated OPERATOR(pg_catalog.=) '' THEN f.expression END AS fallback,
       pg_catalog.col_description(c.oid, a.attnum::pg_catalog.int4) AS comment,
       a.attnotnull AS not_null
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
  LEFT JOIN pg_catalog.pg_collation AS o
    ON o.oid OPERATOR(pg_catalog.=) a.attcollation
   AND a.attcollation OPERATOR(pg_catalog.<>) t.typcollation
  LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid OPERATOR(pg_catalog.=) o.collnamespace
  LEFT JOIN pg_catalog.pg_attrdef AS d
    ON d.adrelid OPERATOR(pg_catalog.=) c.oid AND d.adnum OPERATOR(pg_catalog.=) a.attnum
 CROSS JOIN LATERAL (
       SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
              pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression) AS f
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
   AND n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
   AND a.attname OPERATOR(pg_catalog.=) $3::pg_catalog.name
   AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
 LIMIT 1
