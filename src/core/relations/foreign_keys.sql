-- name:  foreign_keys
-- doc:   Foreign keys with the columns that refer. Those that a partition has from its parent are
--        there too; those that only repeat one for a partition of the referenced table are not.
-- since: 140000
-- row:   name text, relation oid, referenced oid, inherited bool, columns text,
--        column_names text
SELECT k.conname::pg_catalog.text AS name,
       k.conrelid AS relation,
       k.confrelid AS referenced,
       k.conparentid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AS inherited,
       pg_catalog.array_to_string(k.conkey, ' ') AS columns,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.place)
          FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, place)
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) k.conrelid
           AND a.attnum OPERATOR(pg_catalog.=) u.number) AS column_names
  FROM pg_catalog.pg_constraint AS k
  LEFT JOIN pg_catalog.pg_constraint AS p ON p.oid OPERATOR(pg_catalog.=) k.conparentid
 WHERE k.contype OPERATOR(pg_catalog.=) 'f'
   AND (p.oid IS NULL OR p.conrelid OPERATOR(pg_catalog.<>) k.conrelid)
