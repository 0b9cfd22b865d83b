-- name:  owners
-- doc:   Who owns the database and its tables: before 17 only an owner may VACUUM. Roles that
--        cannot be granted are superusers, which never are here, and pg_database_owner.
-- since: 140000
-- row:   owner text, grantable bool, owns_database bool, tables int8, examples text
WITH named AS (
    SELECT c.relowner AS owner,
           pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           pg_catalog.row_number() OVER (PARTITION BY c.relowner
                                         ORDER BY n.nspname, c.relname) AS place
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m,p}'::pg_catalog."char"[])
       AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
       AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
       AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
), owned AS (
    SELECT owner,
           pg_catalog.count(*) AS tables,
           pg_catalog.string_agg(name, ', ' ORDER BY place)
               FILTER (WHERE place OPERATOR(pg_catalog.<=) 3) AS examples
      FROM named
     GROUP BY owner
)
SELECT r.rolname::pg_catalog.text AS owner,
       NOT r.rolsuper
           AND r.rolname OPERATOR(pg_catalog.<>) 'pg_database_owner' AS grantable,
       r.oid OPERATOR(pg_catalog.=) d.datdba AS owns_database,
       COALESCE(o.tables, 0) AS tables,
       COALESCE(o.examples, '') AS examples
  FROM pg_catalog.pg_roles AS r
  JOIN pg_catalog.pg_database AS d
    ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
  LEFT JOIN owned AS o ON o.owner OPERATOR(pg_catalog.=) r.oid
 WHERE o.owner IS NOT NULL OR r.oid OPERATOR(pg_catalog.=) d.datdba
 ORDER BY owns_database DESC, owner
