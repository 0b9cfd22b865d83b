-- name:  restore_subscriptions
-- doc:   How many subscriptions are enabled: a copy that is started as usual takes their changes from the publisher, in the place of the subscriber.
-- since: 140000
-- row:   enabled int8
SELECT count(*) AS enabled FROM pg_catalog.pg_subscription WHERE subenabled
