-- name:  restore_dump_place
-- doc:   Whether a database of a name exists, how many sessions are connected to it, and how many
--        transactions that were prepared in it nobody has ended.
-- since: 140000
-- param: $1 text the database
-- row:   found bool, sessions int8, prepared int8, in_recovery bool
SELECT EXISTS (SELECT FROM pg_catalog.pg_database AS d
                WHERE d.datname OPERATOR(pg_catalog.=) $1::pg_catalog.text) AS found,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a
         WHERE a.datname OPERATOR(pg_catalog.=) $1::pg_catalog.text
           AND a.backend_type OPERATOR(pg_catalog.=) 'client backend') AS sessions,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts AS p
         WHERE p.database OPERATOR(pg_catalog.=) $1::pg_catalog.text) AS prepared,
       pg_catalog.pg_is_in_recovery() AS in_recovery
