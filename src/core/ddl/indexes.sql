-- name:  indexes
-- doc:   Indexes of tables: the columns of their key, and those that expressions and the WHERE use.
-- since: 140000
-- row:   relation oid, schema text, name text, is_unique bool, valid bool, is_primary bool,
--        columns text, uses text, simple bool, method text, constraint_name text,
--        tablespace text, clustered bool
SELECT i.indrelid AS relation,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       i.indisunique AS is_unique,
       i.indisvalid AS valid,
       i.indisprimary AS is_primary,
       (SELECT pg_catalog.string_agg(COALESCE(a.attname::pg_catalog.text, ''), E'\x01'
                                     ORDER BY u.place)
          FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY
               AS u (number, place)
          LEFT JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
           AND a.attnum OPERATOR(pg_catalog.=) u.number
           AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
         WHERE u.place OPERATOR(pg_catalog.<=) i.indnkeyatts::pg_catalog.int8) AS columns,
       CASE WHEN i.indexprs IS NOT NULL OR i.indpred IS NOT NULL THEN
       (SELECT pg_catalog.string_agg(DISTINCT a.attname::pg_catalog.text, E'\x01')
          FROM pg_catalog.pg_depend AS d
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid
           AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid
         WHERE d.classid OPERATOR(pg_catalog.=)
               'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
           AND d.objid OPERATOR(pg_catalog.=) i.indexrelid
           AND d.refclassid OPERATOR(pg_catalog.=)
               'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
           AND d.refobjid OPERATOR(pg_catalog.=) i.indrelid
           AND d.refobjsubid OPERATOR(pg_catalog.>) 0) END AS uses,
       i.indexprs IS NULL AND i.indpred IS NULL AS simple,
       m.amname::pg_catalog.text AS method,
       k.conname::pg_catalog.text AS constraint_name,
       s.spcname::pg_catalog.text AS tablespace,
       i.indisclustered AS clustered
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) c.relam
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid OPERATOR(pg_catalog.=) c.reltablespace
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON k.conindid OPERATOR(pg_catalog.=) i.indexrelid
   AND k.conrelid OPERATOR(pg_catalog.=) i.indrelid
   AND k.contype OPERATOR(pg_catalog.=) ANY ('{p,u,x}'::"char"[])
 WHERE n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
