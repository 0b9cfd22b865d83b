-- What happened while the nightly report was running: it might still want to see the old rows, so
-- no VACUUM may remove them before it ends.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

UPDATE app.sessions SET last_seen_at = now() WHERE id % 4 > 0;
UPDATE app.notifications SET read_at = now() WHERE id % 2 = 0;
UPDATE app.query_runs SET status = 'done' WHERE id % 3 = 0;
UPDATE ingest.sync_cursors SET position = position + 1;
UPDATE ingest.sync_cursors SET position = position + 1;
UPDATE ingest.rate_limits SET remaining = remaining - 1;
DELETE FROM audit.login_attempts WHERE id <= 30000;

-- A queue somebody took out of autovacuum's hands "because it was slow".
ALTER TABLE ingest.job_queue SET (autovacuum_enabled = off);
UPDATE ingest.job_queue SET locked_at = now(), attempts = attempts + 1;
UPDATE ingest.job_queue SET status = 'done';
DELETE FROM ingest.job_queue WHERE id % 5 > 0;

-- Bulk imports: the statistics describe a third of what is there now.
DO $$
BEGIN
  PERFORM demo.fill('analytics.page_views', 60001, 180000);
  PERFORM demo.fill('billing.usage_records', 60001, 170000);
  PERFORM demo.fill('app.webhook_deliveries', 35001, 100000);
END $$;

DROP SCHEMA demo CASCADE;
