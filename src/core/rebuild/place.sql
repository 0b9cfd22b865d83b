-- name:  place
-- doc:   Where on the server's disks an index lies: the data directory, null where this role may
--        not know it, and the folder of its tablespace, '' where that is inside.
-- since: 140000
-- param: $1 oid index, or the table where there is none yet
-- row:   data_directory text, tablespace text
SELECT CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            THEN pg_catalog.current_setting('data_directory') END AS data_directory,
       pg_catalog.pg_tablespace_location(
           COALESCE(NULLIF(c.reltablespace, 0::pg_catalog.oid), d.dattablespace)) AS tablespace
  FROM pg_catalog.pg_class AS c
 CROSS JOIN pg_catalog.pg_database AS d
 WHERE c.oid OPERATOR(pg_catalog.=) $1
   AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
