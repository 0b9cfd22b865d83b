-- name:  equal_image
-- doc:   What decides whether equal keys of a B-tree share a tuple: operator classes whose equal
--        values are equal bytes, and collations that call different bytes equal. Those of the type
--        character (1042) are none since the minor releases of November 2026, where an index that
--        is built no longer deduplicates: trailing blanks make no difference to them.
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
 CROSS JOIN (SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS num) AS v
 WHERE o.opcintype OPERATOR(pg_catalog.<>) 1042::pg_catalog.oid
    OR v.num OPERATOR(pg_catalog.<) CASE
           WHEN v.num OPERATOR(pg_catalog.<) 150000 THEN 140025
           WHEN v.num OPERATOR(pg_catalog.<) 160000 THEN 150020
           WHEN v.num OPERATOR(pg_catalog.<) 170000 THEN 160016
           WHEN v.num OPERATOR(pg_catalog.<) 180000 THEN 170012
           WHEN v.num OPERATOR(pg_catalog.<) 190000 THEN 180006 END
UNION ALL
SELECT c.oid, true
  FROM pg_catalog.pg_collation AS c
 WHERE NOT c.collisdeterministic
