-- name:  restore_dump_properties
-- doc:   SQL that gives another database what one has beyond its contents: owner, connection limit,
--        comment, settings, privileges, and whether it is a template or closed. The other one is
--        closed to PUBLIC until then. An element of a list that is empty is stored as "", and is
--        no name.
-- since: 140000
-- param: $1 text the one
-- param: $2 text the other
-- row:   sql text
SELECT s.sql
  FROM pg_catalog.pg_database AS d,
       LATERAL (
    SELECT 1 AS place, pg_catalog.format('ALTER DATABASE %I OWNER TO %I', $2::pg_catalog.text,
                                         pg_catalog.pg_get_userbyid(d.datdba)) AS sql
    UNION ALL
    SELECT 2, pg_catalog.format('ALTER DATABASE %I CONNECTION LIMIT %s',
                                $2::pg_catalog.text, d.datconnlimit)
     WHERE d.datconnlimit OPERATOR(pg_catalog.>=) 0
    UNION ALL
    SELECT 3, pg_catalog.format('ALTER %s SET %I TO %s',
                                CASE WHEN r.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid
                                     THEN pg_catalog.format('DATABASE %I', $2::pg_catalog.text)
                                     ELSE pg_catalog.format('ROLE %I IN DATABASE %I',
                                              pg_catalog.pg_get_userbyid(r.setrole),
                                              $2::pg_catalog.text) END,
                                pg_catalog.split_part(c.config, '=', 1),
                                CASE WHEN pg_catalog.split_part(c.config, '=', 1)
                                          OPERATOR(pg_catalog.=) ANY ('{DateStyle,search_path,
                                          local_preload_libraries,session_preload_libraries,
                                          temp_tablespaces,unix_socket_directories}')
                                     THEN COALESCE((
                                         SELECT pg_catalog.string_agg(
                                                    CASE WHEN m.part[1] OPERATOR(pg_catalog.=) '""'
                                                         THEN ''''''
                                                         ELSE m.part[1] END,
                                                    ', ' ORDER BY m.number)
                                           FROM pg_catalog.regexp_matches(
                                                    pg_catalog.substr(c.config,
                                                        pg_catalog.strpos(c.config, '=')
                                                        OPERATOR(pg_catalog.+) 1),
                                                    '"(?:[^"]|"")*"|[^, ][^,]*', 'g')
                                                WITH ORDINALITY AS m(part, number)), '''''')
                                     ELSE pg_catalog.quote_literal(pg_catalog.substr(c.config,
                                              pg_catalog.strpos(c.config, '=')
                                              OPERATOR(pg_catalog.+) 1)) END)
      FROM pg_catalog.pg_db_role_setting AS r, pg_catalog.unnest(r.setconfig) AS c(config)
     WHERE r.setdatabase OPERATOR(pg_catalog.=) d.oid
    UNION ALL
    SELECT 4, pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::pg_catalog.text)
     WHERE d.datacl IS NOT NULL
    UNION ALL
    SELECT 5, pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type,
                                $2::pg_catalog.text,
                                CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
                                     THEN 'PUBLIC'
                                     ELSE pg_catalog.quote_ident(
                                              pg_catalog.pg_get_userbyid(a.grantee)) END,
                                CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_catalog.aclexplode(d.datacl) AS a
     WHERE a.grantee OPERATOR(pg_catalog.<>) d.datdba
    UNION ALL
    SELECT 5, pg_catalog.format('GRANT CONNECT ON DATABASE %I TO PUBLIC', $2::pg_catalog.text)
     WHERE d.datacl IS NULL
    UNION ALL
    SELECT 6, pg_catalog.format('COMMENT ON DATABASE %I IS %L', $2::pg_catalog.text,
                                pg_catalog.shobj_description(d.oid, 'pg_database'))
     WHERE pg_catalog.shobj_description(d.oid, 'pg_database') IS NOT NULL
    UNION ALL
    SELECT 7, pg_catalog.format('ALTER DATABASE %I IS_TEMPLATE true', $2::pg_catalog.text)
     WHERE d.datistemplate
    UNION ALL
    SELECT 8, pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS false',
                                $2::pg_catalog.text)
     WHERE NOT d.datallowconn
       ) AS s
 WHERE d.datname OPERATOR(pg_catalog.=) $1::pg_catalog.text
 ORDER BY s.place, s.sql
