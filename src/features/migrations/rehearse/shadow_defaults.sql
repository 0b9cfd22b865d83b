-- name:  shadow_defaults
-- doc:   What the database sets for all of its sessions.
-- since: 140000
-- param: $1 name name of the database
-- row:   name text, value text
SELECT pg_catalog.split_part(s.item, '=', 1) AS name,
       pg_catalog.substr(s.item, pg_catalog.strpos(s.item, '=') OPERATOR(pg_catalog.+) 1) AS value
  FROM pg_catalog.pg_db_role_setting AS r
  JOIN pg_catalog.pg_database AS d ON d.oid OPERATOR(pg_catalog.=) r.setdatabase
 CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) AS s(item)
 WHERE r.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid
   AND d.datname OPERATOR(pg_catalog.=) $1::pg_catalog.name
