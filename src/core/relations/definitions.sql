-- name:  definitions
-- doc:   The statements that would make these indexes again. As in sizes, those that would have to
--        be waited for are left out, by a lock on the index or on its table.
-- since: 140000
-- param: $1 oid[] indexes
-- row:   oid oid, definition text
SELECT i.indexrelid AS oid, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_catalog.pg_index AS i
 WHERE i.indexrelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_locks AS l
         WHERE l.locktype OPERATOR(pg_catalog.=) 'relation'
           AND l.relation OPERATOR(pg_catalog.=) ANY (ARRAY[i.indexrelid, i.indrelid])
           AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
