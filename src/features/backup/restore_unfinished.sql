-- name:  restore_unfinished
-- doc:   What a restored cluster has that goes on where the original is: how many subscriptions are enabled (a copy that is started as usual takes their changes from the publisher, in the place of the subscriber), and how many transactions are prepared that nobody has ended.
-- since: 140000
-- row:   subscriptions int8, prepared int8
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription AS s
         WHERE s.subenabled) AS subscriptions,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts) AS prepared
