-- name:  sample_check
-- doc:   A table that a lock of ours keeps from changing: is it the one that was meant, do we see
--        all of its rows, and how large is it? toast_pages is null where it has no TOAST table.
-- since: 140000
-- param: $1 oid table
-- param: $2 text its schema
-- param: $3 text its name
-- row:   meant bool, hidden bool, pages int8, toast_pages int8
SELECT n.nspname::pg_catalog.text OPERATOR(pg_catalog.=) $2::pg_catalog.text
           AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) $3::pg_catalog.text
           AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog."char"[])
           AND EXISTS (
               SELECT 1 FROM pg_catalog.pg_locks AS l
                WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
                  AND l.locktype OPERATOR(pg_catalog.=) 'relation'
                  AND l.relation OPERATOR(pg_catalog.=) c.oid
                  AND l.mode OPERATOR(pg_catalog.=) 'AccessShareLock'
                  AND l.granted) AS meant,
       pg_catalog.row_security_active(c.oid) AS hidden,
       pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog./) b.size AS pages,
       pg_catalog.pg_relation_size(t.oid) OPERATOR(pg_catalog./) b.size AS toast_pages
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) c.reltoastrelid
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8 AS size) AS b
 WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
