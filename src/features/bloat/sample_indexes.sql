-- name:  sample_indexes
-- doc:   A table's valid indexes, as the same ones on a copy of it need them. trusted: to build
--        one runs nothing of somebody else's: its expressions use the server's own functions and
--        operators only, or the table is this role's. What is user-defined has an OID from 16384
--        on; base types and operator classes only a superuser can make. tail is null where the
--        definition is not understood.
-- since: 140000
-- param: $1 oid table
-- row:   oid oid, tail text, keys text, columns text, predicate text, column_count int4,
--        trusted bool
SELECT i.indexrelid AS oid,
       CASE WHEN pg_catalog.starts_with(d.definition, d.head)
            THEN pg_catalog.substr(d.definition, pg_catalog.length(d.head)
                                   OPERATOR(pg_catalog.+) 1) END AS tail,
       k.keys,
       k.columns,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       i.indnatts::pg_catalog.int4 AS column_count,
       pg_catalog.pg_get_userbyid(t.relowner) OPERATOR(pg_catalog.=) current_user
           OR NOT (u.expressions
                   OR (u.types AND m.amname OPERATOR(pg_catalog.<>) ALL (
                           '{btree,hash}'::pg_catalog.name[]))) AS trusted
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) c.relam
  JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace
 CROSS JOIN LATERAL (
        SELECT pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
               pg_catalog.format('CREATE %sINDEX %I ON %I.%I USING ',
                                 CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname,
                                 n.nspname, t.relname) AS head) AS d
 CROSS JOIN LATERAL (
        SELECT pg_catalog.string_agg(e.text, ', ' ORDER BY e.position)
                   FILTER (WHERE e.position OPERATOR(pg_catalog.<=) i.indnkeyatts) AS keys,
               pg_catalog.string_agg(
                   CASE WHEN e.cstring
                        THEN pg_catalog.format('(%s)::pg_catalog.text', e.text)
                        ELSE e.text END, ', ' ORDER BY e.position) AS columns
          FROM (SELECT s.position,
                       pg_catalog.pg_get_indexdef(i.indexrelid, s.position, false) AS text,
                       COALESCE(o.opckeytype OPERATOR(pg_catalog.=)
                                'pg_catalog.cstring'::pg_catalog.regtype::pg_catalog.oid, false)
                           AS cstring
                  FROM pg_catalog.generate_series(1, i.indnatts::pg_catalog.int4)
                           AS s(position)
                  LEFT JOIN pg_catalog.pg_opclass AS o
                    ON o.oid OPERATOR(pg_catalog.=)
                       i.indclass[s.position OPERATOR(pg_catalog.-) 1]) AS e) AS k
 CROSS JOIN LATERAL (
        SELECT EXISTS (
                   SELECT 1 FROM pg_catalog.pg_depend AS p
                    WHERE p.classid OPERATOR(pg_catalog.=)
                          'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                      AND p.objid OPERATOR(pg_catalog.=) i.indexrelid
                      AND p.refobjid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                      AND p.refclassid OPERATOR(pg_catalog.=) ANY (
                          '{pg_catalog.pg_proc,pg_catalog.pg_operator,pg_catalog.pg_type}'
                              ::pg_catalog.regclass[]::pg_catalog.oid[])) AS expressions,
               EXISTS (
                   SELECT 1
                     FROM pg_catalog.pg_attribute AS a
                     JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) a.atttypid
                    WHERE a.attrelid OPERATOR(pg_catalog.=) t.oid
                      AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey::pg_catalog.int2[])
                      AND y.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                      AND NOT (y.typelem OPERATOR(pg_catalog.=) 0::pg_catalog.oid
                               AND y.typtype OPERATOR(pg_catalog.=) ANY (
                                   '{b,e}'::pg_catalog."char"[]))) AS types) AS u
 WHERE i.indrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
   AND i.indisvalid
   AND c.relkind OPERATOR(pg_catalog.=) 'i'
 ORDER BY i.indexrelid
