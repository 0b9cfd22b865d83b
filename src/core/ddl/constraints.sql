-- name:  constraints
-- doc:   Constraints of tables. Foreign keys that only repeat one for a partition of the referenced
--        table are left out.
-- since: 140000
-- row:   relation oid, name text, kind "char", validated bool, enforced bool, columns text,
--        definition text, referenced_schema text, referenced text, referenced_columns text,
--        index text, no_inherit bool
SELECT k.conrelid AS relation,
       k.conname::pg_catalog.text AS name,
       k.contype AS kind,
       k.convalidated AS validated,
       true AS enforced,
       (SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, E'\x01' ORDER BY u.place)
          FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) k.conrelid
           AND a.attnum OPERATOR(pg_catalog.=) u.number) AS columns,
       CASE WHEN k.contype OPERATOR(pg_catalog.=) 'c'::"char"
            THEN pg_catalog.pg_get_constraintdef(k.oid) END AS definition,
       rn.nspname::pg_catalog.text AS referenced_schema,
       r.relname::pg_catalog.text AS referenced,
       (SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, E'\x01' ORDER BY u.place)
          FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (number, place)
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) k.confrelid
           AND a.attnum OPERATOR(pg_catalog.=) u.number) AS referenced_columns,
       CASE WHEN k.contype OPERATOR(pg_catalog.=) ANY ('{p,u,x}'::"char"[])
            THEN i.relname::pg_catalog.text END AS index,
       k.connoinherit AS no_inherit
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) k.conrelid
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) k.confrelid
  LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.oid OPERATOR(pg_catalog.=) r.relnamespace
  LEFT JOIN pg_catalog.pg_class AS i ON i.oid OPERATOR(pg_catalog.=) k.conindid
  LEFT JOIN pg_catalog.pg_constraint AS p ON p.oid OPERATOR(pg_catalog.=) k.conparentid
 WHERE k.contype OPERATOR(pg_catalog.=) ANY ('{c,f,p,u,x,n}'::"char"[])
   AND NOT (k.contype OPERATOR(pg_catalog.=) 'f'::"char"
            AND COALESCE(p.conrelid OPERATOR(pg_catalog.=) k.conrelid, false))
   AND cn.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND cn.nspname OPERATOR(pg_catalog.!~) '^pg_'
