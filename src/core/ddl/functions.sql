-- name:  functions
-- doc:   Functions outside of system schemas: whether they are volatile, the body of those that the
--        server may put in the place of their call, and what those are made of that may change
--        tables.
-- since: 140000
-- row:   name text, volatility "char", body text, language text, definition text
SELECT p.proname::pg_catalog.text AS name,
       p.provolatile AS volatility,
       CASE WHEN p.prosqlbody IS NOT NULL
             AND p.provolatile OPERATOR(pg_catalog.=) 'v'::"char"
             AND NOT p.prosecdef
             AND NOT p.proretset
             AND p.proconfig IS NULL
            THEN pg_catalog.regexp_replace(pg_catalog.pg_get_function_sqlbody(p.oid),
                                           '^\s*RETURN ', 'SELECT ')
            WHEN l.lanname OPERATOR(pg_catalog.=) 'sql'
             AND p.provolatile OPERATOR(pg_catalog.=) 'v'::"char"
             AND NOT p.prosecdef
             AND NOT p.proretset
             AND p.proconfig IS NULL
             AND p.prosqlbody IS NULL
            THEN p.prosrc END AS body,
       l.lanname::pg_catalog.text AS language,
       CASE WHEN l.lanname OPERATOR(pg_catalog.=) ANY ('{plpgsql,sql}'::pg_catalog.text[])
             AND p.provolatile OPERATOR(pg_catalog.=) 'v'::"char"
             AND p.prorettype OPERATOR(pg_catalog.<>)
                 'pg_catalog.trigger'::pg_catalog.regtype::pg_catalog.oid
            THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition
  FROM pg_catalog.pg_proc AS p
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
  JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
 WHERE n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
   AND p.prokind OPERATOR(pg_catalog.=) ANY ('{f,p}'::"char"[])
