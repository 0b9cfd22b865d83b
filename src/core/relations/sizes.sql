-- name:  sizes
-- doc:   True sizes of a few relations. Takes an AccessShareLock on each, so those with a
--        stronger lock held or awaited are left out.
-- since: 140000
-- param: $1 oid[] relations
-- row:   oid oid, bytes int8
SELECT c.oid, pg_catalog.pg_relation_size(c.oid) AS bytes
  FROM pg_catalog.pg_class AS c
 WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_locks AS l
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) c.oid
           AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
