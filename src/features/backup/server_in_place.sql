-- name:  server_in_place
-- doc:   Tablespaces that are folders of the data directory (allow_in_place_tablespaces).
-- since: 140000
-- row:   name text
SELECT t.spcname::pg_catalog.text AS name
  FROM pg_catalog.pg_tablespace AS t
 WHERE pg_catalog.pg_tablespace_location(t.oid)
       OPERATOR(pg_catalog.=) pg_catalog.concat('pg_tblspc/', t.oid)
 ORDER BY 1
