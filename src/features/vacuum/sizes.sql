-- name:  sizes
-- doc:   True sizes of few tables whose relpages are out of date. Takes an AccessShareLock on
--        each, so those with a stronger lock held or awaited are left out.
-- since: 140000
-- param: $1 oid[] tables
-- row:   oid oid, pages int8, index_pages int8
SELECT c.oid,
       pg_catalog.pg_table_size(c.oid) OPERATOR(pg_catalog./) b.size AS pages,
       pg_catalog.pg_indexes_size(c.oid) OPERATOR(pg_catalog./) b.size AS index_pages
  FROM pg_catalog.pg_class AS c
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8 AS size) AS b
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_locks AS l
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) c.oid
           AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
