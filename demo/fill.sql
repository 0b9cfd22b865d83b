-- Rows for all tables but analytics.events, and the care they once got: everything is vacuumed
-- and analysed here except what trouble.sql needs otherwise.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

DO $$
DECLARE
  entry record;
BEGIN
  FOR entry IN SELECT format('%I.%I', schema, name)::regclass AS target, rows
               FROM demo.catalogue LOOP
    PERFORM demo.fill(entry.target, 1, entry.rows);
    COMMIT;
  END LOOP;
  PERFORM demo.fill('audit.audit_log', 1, 8000);
END $$;

-- Partitions are looked after; nobody ever analysed the parent.
SELECT format('VACUUM ANALYZE %s', string_agg(oid::regclass::text, ', '))
FROM pg_class
WHERE relkind = 'r' AND oid <> 'analytics.events'::regclass
  AND relnamespace::regnamespace::text IN ('app', 'analytics', 'billing', 'ingest', 'rollup', 'audit')
\gexec
-- The loader of the last three services never runs ANALYZE.
SELECT format('VACUUM ANALYZE %s', string_agg(oid::regclass::text, ', '))
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'staging'::regnamespace
  AND relname !~ '^(mailchimp|netsuite|quickbooks)_'
\gexec
