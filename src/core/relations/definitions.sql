-- name:  definitions
-- doc:   The statements that would make these indexes again without stopping writes, with the
--        comment, the tablespace and the statistics targets they have, and what rests on them;
--        separated by ";" and a line break. As in sizes, those that would have to be waited for
--        are left out, by a lock on the index or on its table; so are those whose own text holds
--        that separator (in a constant), because whoever takes the statements apart would run a
--        piece of it.
-- since: 140000
-- param: $1 oid[] indexes
-- row:   oid oid, definition text
SELECT x.oid,
       pg_catalog.concat(
           CASE WHEN t.oid IS NOT NULL
                THEN pg_catalog.format(E'SET default_tablespace = %L;\n', t.spcname) END,
           pg_catalog.regexp_replace(x.definition, '^CREATE (UNIQUE )?INDEX ',
                                     CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'I'
                                          THEN 'CREATE \1INDEX '
                                          ELSE 'CREATE \1INDEX CONCURRENTLY ' END),
           CASE WHEN t.oid IS NOT NULL THEN E';\nRESET default_tablespace' END,
           a.targets,
           CASE WHEN x.indisclustered
                THEN pg_catalog.format(E';\nALTER TABLE %I.%I CLUSTER ON %I', n.nspname, r.relname,
                                       c.relname) END,
           CASE WHEN x.indisreplident
                THEN pg_catalog.format(E';\nALTER TABLE %I.%I REPLICA IDENTITY USING INDEX %I',
                                       n.nspname, r.relname, c.relname) END,
           pg_catalog.format(E';\nCOMMENT ON INDEX %I.%I IS ', n.nspname, c.relname)
               OPERATOR(pg_catalog.||) d.comment) AS definition
  FROM (SELECT i.indexrelid AS oid, i.indrelid, i.indisclustered, i.indisreplident,
               pg_catalog.pg_get_indexdef(i.indexrelid) AS definition
          FROM pg_catalog.pg_index AS i
         WHERE i.indexrelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
           AND NOT EXISTS (
                SELECT 1 FROM pg_catalog.pg_locks AS l
                 WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
                   AND l.relation OPERATOR(pg_catalog.=) ANY (ARRAY[i.indexrelid, i.indrelid])
                   AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
        OFFSET 0) AS x
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) x.oid
  JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid OPERATOR(pg_catalog.=) c.reltablespace
  LEFT JOIN LATERAL (
        SELECT pg_catalog.string_agg(
                   pg_catalog.format(E';\nALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s',
                                     n.nspname, c.relname, a.attnum, a.attstattarget), ''
                   ORDER BY a.attnum) AS targets
          FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
           AND a.attstattarget OPERATOR(pg_catalog.>=) 0) AS a ON true
  LEFT JOIN LATERAL (
        SELECT CASE WHEN pg_catalog.strpos(d.description, E'\n') OPERATOR(pg_catalog.=) 0
                    THEN pg_catalog.quote_literal(d.description)
                    ELSE pg_catalog.concat(
                             'E''', pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(
                                 d.description, E'\\', E'\\\\'), '''', ''''''), E'\n', E'\\n'),
                             '''') END AS comment
          FROM pg_catalog.pg_description AS d
         WHERE d.objoid OPERATOR(pg_catalog.=) c.oid
           AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.objsubid OPERATOR(pg_catalog.=) 0) AS d ON true
 WHERE pg_catalog.strpos(x.definition, E';\n') OPERATOR(pg_catalog.=) 0
