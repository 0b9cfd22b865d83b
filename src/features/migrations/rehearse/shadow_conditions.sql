-- name:  shadow_conditions
-- doc:   What every row of a table has to fulfil.
-- since: 140000
-- param: $1 oid the table
-- row:   condition text
SELECT pg_catalog.concat_ws(' AND ',
           (SELECT pg_catalog.string_agg('((' OPERATOR(pg_catalog.||)
                       pg_catalog.pg_get_expr(k.conbin, k.conrelid) OPERATOR(pg_catalog.||)
                       ') IS NOT FALSE)', ' AND ' ORDER BY k.conname)
              FROM pg_catalog.pg_constraint AS k
             WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid
               AND k.contype OPERATOR(pg_catalog.=) 'c'),
           '((' OPERATOR(pg_catalog.||) pg_catalog.pg_get_partition_constraintdef(c.oid)
               OPERATOR(pg_catalog.||) ') IS NOT FALSE)') AS condition
  FROM pg_catalog.pg_class AS c
 WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
