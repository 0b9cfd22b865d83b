-- name:  forbidden
-- doc:   Tables this role may not vacuum: from 17 on the MAINTAIN privilege allows it as well.
-- since: 170000
-- row:   oid oid, lack text
SELECT c.oid,
       CASE WHEN pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
            THEN pg_catalog.format('it belongs to %s', pg_catalog.pg_get_userbyid(c.relowner))
            ELSE pg_catalog.format('no USAGE on schema %s', n.nspname) END AS lack
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_database AS d
    ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p}'::pg_catalog."char"[])
   AND (NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        OR (NOT pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
            AND (c.relisshared OR NOT pg_catalog.pg_has_role(d.datdba, 'USAGE'))))
