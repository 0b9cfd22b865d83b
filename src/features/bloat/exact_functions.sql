-- name:  exact_functions
-- doc:   The functions of the extension pgstattuple, by the schema it is installed in: no row
--        where it is not. Only the extension's own count, because anybody may have put others of
--        the same names beside them.
-- since: 140000
-- row:   schema text, allowed bool
SELECT n.nspname::pg_catalog.text AS schema,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
           AND pg_catalog.bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))
           AS allowed
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_depend AS d
    ON d.refclassid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
   AND d.refobjid OPERATOR(pg_catalog.=) e.oid
   AND d.classid OPERATOR(pg_catalog.=)
       'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
   AND d.deptype OPERATOR(pg_catalog.=) 'e'
  JOIN pg_catalog.pg_proc AS p
    ON p.oid OPERATOR(pg_catalog.=) d.objid
   AND p.pronargs OPERATOR(pg_catalog.=) 1::pg_catalog.int2
   AND p.proargtypes[0] OPERATOR(pg_catalog.=)
       'pg_catalog.regclass'::pg_catalog.regtype::pg_catalog.oid
   AND p.proname OPERATOR(pg_catalog.=) ANY (
       '{pgstattuple,pgstattuple_approx,pgstatindex}'::pg_catalog.name[])
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
 WHERE e.extname OPERATOR(pg_catalog.=) 'pgstattuple'
 GROUP BY n.oid, n.nspname
HAVING pg_catalog.count(*) OPERATOR(pg_catalog.=) 3
