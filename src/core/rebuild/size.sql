-- name:  size
-- doc:   True size of an index. Takes an AccessShareLock on it, so there is no answer while a
--        stronger one is held or awaited.
-- since: 140000
-- param: $1 oid index
-- row:   bytes int8
SELECT pg_catalog.pg_relation_size(c.oid) AS bytes
  FROM pg_catalog.pg_class AS c
 WHERE c.oid OPERATOR(pg_catalog.=) $1
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_locks AS l
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) c.oid
           AND l.database OPERATOR(pg_catalog.=) (
                   SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
           AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
