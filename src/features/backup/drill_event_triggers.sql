-- name:  drill_event_triggers
-- doc:   Event triggers that may fire, as a statement each that turns it off; that one fires none.
-- since: 140000
-- row:   statement text
SELECT pg_catalog.format('ALTER EVENT TRIGGER %I DISABLE', t.evtname) AS statement
  FROM pg_catalog.pg_event_trigger t
 WHERE t.evtenabled OPERATOR(pg_catalog.<>) 'D'
