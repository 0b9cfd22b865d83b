-- name:  reclaim_leftovers
-- doc:   What an interrupted pg_repack left: its trigger on a table, its log table and copy in schema
--        repack, where no pg_repack is at work on that table.
-- since: 140000
-- param: $1 oid table, 0: all
-- row:   oid oid, schema text, name text
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
 WHERE ($1 OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR c.oid OPERATOR(pg_catalog.=) $1)
   AND c.relkind OPERATOR(pg_catalog.=) 'r'
   AND c.oid::pg_catalog.int8 OPERATOR(pg_catalog.=) ANY (ARRAY(
        SELECT g.tgrelid::pg_catalog.int8
          FROM pg_catalog.pg_trigger AS g
          JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) g.tgfoid
          JOIN pg_catalog.pg_namespace AS pn ON pn.oid OPERATOR(pg_catalog.=) p.pronamespace
         WHERE g.tgname OPERATOR(pg_catalog.=) 'repack_trigger'
           AND pn.nspname OPERATOR(pg_catalog.=) 'repack'
        UNION ALL
        SELECT pg_catalog.substr(l.relname::pg_catalog.text,
                   pg_catalog.strpos(l.relname::pg_catalog.text, '_')
                       OPERATOR(pg_catalog.+) 1)::pg_catalog.int8
          FROM pg_catalog.pg_class AS l
          JOIN pg_catalog.pg_namespace AS ln
            ON ln.oid OPERATOR(pg_catalog.=) l.relnamespace
         WHERE ln.nspname OPERATOR(pg_catalog.=) 'repack'
           AND l.relkind OPERATOR(pg_catalog.=) 'r'
           AND l.relname OPERATOR(pg_catalog.~) '^(log|table)_[0-9]{1,10}$'))
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_locks AS l
          JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) l.database
         WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'
           AND l.granted
           AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
           AND l.classid OPERATOR(pg_catalog.=) 16185446::pg_catalog.oid
           AND l.objid::pg_catalog.int8 OPERATOR(pg_catalog.=)
               ((2147483648 OPERATOR(pg_catalog.+) c.oid::pg_catalog.int8)
                OPERATOR(pg_catalog.%) 4294967296))
 ORDER BY n.nspname, c.relname
