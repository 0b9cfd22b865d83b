-- name:  equal_image
-- doc:   What decides whether equal keys of a B-tree share a tuple: operator classes whose equal
--        values are equal bytes, and collations that call different bytes equal.
-- since: 140000
-- row:   oid oid, is_collation bool
SELECT o.oid, false AS is_collation
  FROM pg_catalog.pg_opclass AS o
  JOIN pg_catalog.pg_amproc AS p
    ON p.amprocfamily OPERATOR(pg_catalog.=) o.opcfamily
   AND p.amproclefttype OPERATOR(pg_catalog.=) o.opcintype
   AND p.amprocrighttype OPERATOR(pg_catalog.=) o.opcintype
   AND p.amprocnum OPERATOR(pg_catalog.=) 4::pg_catalog.int2
  JOIN pg_catalog.pg_am AS m
    ON m.oid OPERATOR(pg_catalog.=) o.opcmethod
   AND m.amname OPERATOR(pg_catalog.=) 'btree'
UNION ALL
SELECT c.oid, true
  FROM pg_catalog.pg_collation AS c
 WHERE NOT c.collisdeterministic
