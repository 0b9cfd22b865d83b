-- name:  table
-- doc:   The table of an index that is to be built anew, whether that name is taken in its schema,
--        and what forbids this role to build it.
-- since: 140000
-- param: $1 oid table
-- param: $2 name name of the index
-- row:   schema text, name text, taken oid, taken_by text, lack text
SELECT n.nspname::pg_catalog.text AS schema,
       t.relname::pg_catalog.text AS name,
       c.oid AS taken,
       CASE WHEN c.oid IS NULL THEN NULL
            WHEN i.indisvalid THEN 'an index'
            WHEN i.indexrelid IS NOT NULL THEN 'an invalid index'
            ELSE 'another relation' END AS taken_by,
       CASE WHEN NOT (pg_catalog.has_schema_privilege(t.relnamespace, 'USAGE')
                      AND pg_catalog.has_schema_privilege(t.relnamespace, 'CREATE'))
            THEN pg_catalog.format('no USAGE or CREATE on schema %s', n.nspname)
            WHEN NOT pg_catalog.pg_has_role(t.relowner, 'USAGE')
            THEN pg_catalog.format('only the owner of the table, %s, may build an index on it',
                                   pg_catalog.pg_get_userbyid(t.relowner)) END AS lack
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace OPERATOR(pg_catalog.=) t.relnamespace
                                    AND c.relname OPERATOR(pg_catalog.=) $2
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
 WHERE t.oid OPERATOR(pg_catalog.=) $1
