-- name:  drill_prepared
-- doc:   Transactions of this database that were prepared and not ended, as a statement each that ends it.
-- since: 140000
-- row:   statement text
SELECT pg_catalog.format('ROLLBACK PREPARED %L', p.gid) AS statement
  FROM pg_catalog.pg_prepared_xacts p
 WHERE p.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
