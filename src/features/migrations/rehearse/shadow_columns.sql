-- name:  shadow_columns
-- doc:   The columns of all tables that have rows, with what decides which values they take.
-- since: 140000
-- row:   table_oid oid, schema text, name text, column text, type text, base text, kind text, category text, typmod int4, element text, element_base text, element_kind text, element_category text, not_null bool, checks text, domain_checks text, bound text, key bool
SELECT c.oid AS table_oid, n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name, a.attname::pg_catalog.text AS column,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       b.typname::pg_catalog.text AS base, b.typtype::pg_catalog.text AS kind,
       b.typcategory::pg_catalog.text AS category,
       CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN t.typtypmod ELSE a.atttypmod END
           AS typmod,
       pg_catalog.format_type(e.oid, NULL) AS element,
       e.typname::pg_catalog.text AS element_base, e.typtype::pg_catalog.text AS element_kind,
       e.typcategory::pg_catalog.text AS element_category,
       a.attnotnull OR t.typnotnull AS not_null,
       (SELECT pg_catalog.string_agg('(' OPERATOR(pg_catalog.||)
                   pg_catalog.pg_get_expr(k.conbin, k.conrelid) OPERATOR(pg_catalog.||) ')',
                   ' AND ' ORDER BY k.conname)
          FROM pg_catalog.pg_constraint AS k
         WHERE k.contype OPERATOR(pg_catalog.=) 'c'
           AND k.conrelid OPERATOR(pg_catalog.=) c.oid
           AND k.conkey OPERATOR(pg_catalog.=) ARRAY[a.attnum]) AS checks,
       (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' ')
          FROM pg_catalog.pg_constraint AS k
         WHERE k.contype OPERATOR(pg_catalog.=) 'c'
           AND k.contypid OPERATOR(pg_catalog.=) t.oid) AS domain_checks,
       CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS bound,
       EXISTS (SELECT 1
                 FROM pg_catalog.pg_inherits AS i
                 JOIN pg_catalog.pg_partitioned_table AS p
                   ON p.partrelid OPERATOR(pg_catalog.=) i.inhparent
                 JOIN pg_catalog.pg_attribute AS pa
                   ON pa.attrelid OPERATOR(pg_catalog.=) i.inhparent
                  AND pa.attnum OPERATOR(pg_catalog.=) p.partattrs[0]
                WHERE i.inhrelid OPERATOR(pg_catalog.=) c.oid
                  AND pa.attname OPERATOR(pg_catalog.=) a.attname
                  AND c.relispartition) AS key
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
  JOIN pg_catalog.pg_type AS b
    ON b.oid OPERATOR(pg_catalog.=)
       CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN t.typbasetype ELSE t.oid END
  LEFT JOIN pg_catalog.pg_type AS e
    ON e.oid OPERATOR(pg_catalog.=) b.typelem
   AND b.typcategory OPERATOR(pg_catalog.=) 'A'
 WHERE c.relkind OPERATOR(pg_catalog.=) 'r'
   AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND NOT n.nspname OPERATOR(pg_catalog.~) '^pg_'
   AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2
   AND NOT a.attisdropped
   AND a.attgenerated OPERATOR(pg_catalog.=) ''
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                    WHERE d.objid OPERATOR(pg_catalog.=) c.oid
                      AND d.classid OPERATOR(pg_catalog.=)
                          'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                      AND d.deptype OPERATOR(pg_catalog.=) 'e')
   AND NOT c.relname OPERATOR(pg_catalog.=) ANY (
           '{schema_migrations,goose_db_version,gorp_migrations,flyway_schema_history,
             pgrunbook_migrations}'::pg_catalog.name[])
 ORDER BY n.nspname, c.relname, c.oid, a.attnum
