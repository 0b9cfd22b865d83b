-- name:  sample_columns
-- doc:   A table's columns in their order, as a copy of it needs them.
-- since: 140000
-- param: $1 oid table
-- row:   name text, dropped bool, not_null bool, virtual bool, base bool, storage text,
--        storage_set bool, type text, toast_target int4
SELECT a.attname::pg_catalog.text AS name,
       a.attisdropped AS dropped,
       a.attnotnull AS not_null,
       a.attgenerated OPERATOR(pg_catalog.=) 'v' AS virtual,
       a.attlen OPERATOR(pg_catalog.>) 0::pg_catalog.int2
           AND COALESCE(t.typtype OPERATOR(pg_catalog.=) 'b', false) AS base,
       CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main'
            ELSE 'extended' END AS storage,
       COALESCE(a.attstorage OPERATOR(pg_catalog.<>) t.typstorage, false) AS storage_set,
       CASE WHEN l.oid IS NULL THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
            ELSE pg_catalog.format('%s COLLATE %I.%I',
                                   pg_catalog.format_type(a.atttypid, a.atttypmod), n.nspname,
                                   l.collname) END AS type,
       (SELECT r.option_value::pg_catalog.int4
          FROM pg_catalog.pg_class AS c,
               pg_catalog.pg_options_to_table(c.reloptions) AS r
         WHERE c.oid OPERATOR(pg_catalog.=) a.attrelid
           AND r.option_name OPERATOR(pg_catalog.=) 'toast_tuple_target') AS toast_target
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid OPERATOR(pg_catalog.=) a.attcollation
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) l.collnamespace
 WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
   AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
 ORDER BY a.attnum
