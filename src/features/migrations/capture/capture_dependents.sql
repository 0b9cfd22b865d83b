-- name:  capture_dependents
-- doc:   What goes with a column when it is dropped, as statements that make it again: constraints,
--        foreign keys last, then indexes. Empty where it is only the column.
-- since: 140000
-- param: $1 text[] the schemas to look in
-- param: $2 name the table's name
-- param: $3 name the column's name
-- row:   statement text
SELECT f.statement
  FROM (SELECT pg_catalog.format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname,
                   k.conname, pg_catalog.pg_get_constraintdef(k.oid)) AS statement,
               CASE WHEN k.contype OPERATOR(pg_catalog.=) 'f' THEN 2 ELSE 1 END AS place,
               k.conname AS name, c.relname, n.nspname, a.attname
          FROM pg_catalog.pg_constraint AS k
          JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) k.conrelid
          JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) c.oid
           AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)
         WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
        UNION ALL
        SELECT pg_catalog.pg_get_indexdef(i.indexrelid), 3, x.relname, c.relname, n.nspname,
               a.attname
          FROM pg_catalog.pg_index AS i
          JOIN pg_catalog.pg_class AS x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
          JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indrelid
          JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
         WHERE EXISTS (
               SELECT 1 FROM pg_catalog.pg_depend AS d
                WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.objid OPERATOR(pg_catalog.=) i.indexrelid
                  AND d.refclassid OPERATOR(pg_catalog.=)
                      'pg_catalog.pg_class'::pg_catalog.regclass
                  AND d.refobjid OPERATOR(pg_catalog.=) c.oid
                  AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum::pg_catalog.int4)
           AND NOT EXISTS (
               SELECT 1 FROM pg_catalog.pg_constraint AS k
                WHERE k.conindid OPERATOR(pg_catalog.=) i.indexrelid
                  AND k.contype IN ('p', 'u', 'x'))) AS f
 WHERE f.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
   AND f.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1)
   AND f.attname OPERATOR(pg_catalog.=) $3::pg_catalog.name
 ORDER BY f.place, f.name
