-- name:  definitions
-- doc:   The statements that would make these indexes again without stopping writes, with the
--        comment and the tablespace they have; separated by ";" and a line break. As in sizes,
--        those that would have to be waited for are left out, by a lock on the index or on its
--        table; so are those whose own text holds that separator (in a constant), because whoever
--        takes the statements apart would run a piece of it.
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
           CASE WHEN pg_catalog.strpos(d.description, E';\n') OPERATOR(pg_catalog.=) 0
                THEN pg_catalog.format(E';\nCOMMENT ON INDEX %I.%I IS %L', n.nspname, c.relname,
                                       d.description) END) AS definition
  FROM (SELECT i.indexrelid AS oid, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition
          FROM pg_catalog.pg_index AS i
         WHERE i.indexrelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
           AND NOT EXISTS (
                SELECT 1 FROM pg_catalog.pg_locks AS l
                 WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
                   AND l.relation OPERATOR(pg_catalog.=) ANY (ARRAY[i.indexrelid, i.indrelid])
                   AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
        OFFSET 0) AS x
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) x.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid OPERATOR(pg_catalog.=) c.reltablespace
  LEFT JOIN pg_catalog.pg_description AS d
    ON d.objoid OPERATOR(pg_catalog.=) c.oid
   AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.objsubid OPERATOR(pg_catalog.=) 0
 WHERE pg_catalog.strpos(x.definition, E';\n') OPERATOR(pg_catalog.=) 0
