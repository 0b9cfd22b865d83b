-- name:  waits
-- doc:   Since when each backend has waited for a lock (NULL: not written down yet), on what, and
--        which prepared transaction it waits for, where it is one: that holds its own transaction
--        id as well, by which it is known.
-- since: 140000
-- row:   pid int8, since int8, lock text, prepared text, prepared_since int8
SELECT w.pid::pg_catalog.int8 AS pid,
       (EXTRACT(epoch FROM w.waitstart) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 AS since,
       w.locktype AS lock, p.gid AS prepared,
       (EXTRACT(epoch FROM p.prepared) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8
           AS prepared_since
  FROM pg_catalog.pg_locks AS w
  LEFT JOIN pg_catalog.pg_locks AS h
    ON h.granted AND h.pid IS NULL
   AND h.locktype OPERATOR(pg_catalog.=) w.locktype
   AND h.database IS NOT DISTINCT FROM w.database
   AND h.relation IS NOT DISTINCT FROM w.relation
   AND h.page IS NOT DISTINCT FROM w.page
   AND h.tuple IS NOT DISTINCT FROM w.tuple
   AND h.transactionid::pg_catalog.text IS NOT DISTINCT FROM w.transactionid::pg_catalog.text
   AND h.classid IS NOT DISTINCT FROM w.classid
   AND h.objid IS NOT DISTINCT FROM w.objid
   AND h.objsubid IS NOT DISTINCT FROM w.objsubid
  LEFT JOIN pg_catalog.pg_locks AS x
    ON x.pid IS NULL
   AND x.locktype OPERATOR(pg_catalog.=) 'transactionid'
   AND x.virtualtransaction OPERATOR(pg_catalog.=) h.virtualtransaction
  LEFT JOIN pg_catalog.pg_prepared_xacts AS p
    ON p.transaction OPERATOR(pg_catalog.=) x.transactionid
 WHERE NOT w.granted
