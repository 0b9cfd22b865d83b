-- name:  index
-- doc:   Indexes as they are now, and what forbids this role to rebuild them. Catalogs are what the
--        server itself says: everything below the first OID that is not pinned.
-- since: 170000
-- param: $1 oid[] indexes
-- row:   oid oid, schema text, name text, table_oid oid, table_name text, kind text,
--        temporary bool, catalog bool, exclusion bool, valid bool, lack text
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       t.oid AS table_oid,
       t.relname::pg_catalog.text AS table_name,
       c.relkind::pg_catalog.text AS kind,
       c.relpersistence OPERATOR(pg_catalog.=) 't' AS temporary,
       t.oid OPERATOR(pg_catalog.<) 12000::pg_catalog.oid AS catalog,
       i.indisexclusion AS exclusion,
       i.indisvalid AS valid,
       CASE WHEN NOT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
            THEN pg_catalog.format('no USAGE on schema %s', n.nspname)
            WHEN NOT pg_catalog.has_table_privilege(t.oid, 'MAINTAIN')
            THEN pg_catalog.format('no MAINTAIN on %s, which belongs to %s', t.relname,
                                   pg_catalog.pg_get_userbyid(c.relowner)) END AS lack
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
  JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.indrelid
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
