-- The database of an analytics product, insightengine: some three hundred tables as a Go service
-- and its data pipelines make them. The helpers live in a schema that fill.sql drops.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE SCHEMA demo;
CREATE SCHEMA app;
CREATE SCHEMA analytics;
CREATE SCHEMA billing;
CREATE SCHEMA ingest;
CREATE SCHEMA rollup;
CREATE SCHEMA staging;
CREATE SCHEMA audit;

-- What to make: the columns every table has (id, tenant_id, created_at, updated_at) go without
-- saying.
CREATE TABLE demo.catalogue (
  schema text, name text, rows int, columns text DEFAULT 'name text, status text, properties jsonb'
);

INSERT INTO demo.catalogue VALUES
  ('app', 'tenants', 400, 'name text, slug text, plan text, seats int, region text, trial_ends_at timestamptz'),
  ('app', 'users', 24000, 'email text, name text, password_digest text, role text, last_login_at timestamptz, deleted_at timestamptz'),
  ('app', 'memberships', 26000, 'user_id bigint, team_id bigint, role text'),
  ('app', 'teams', 1800, 'name text, description text'),
  ('app', 'invitations', 3000, 'email text, role text, token text, accepted_at timestamptz, expires_at timestamptz'),
  ('app', 'sessions', 40000, 'user_id bigint, token text, ip_address inet, user_agent text, expires_at timestamptz, last_seen_at timestamptz'),
  ('app', 'api_keys', 2500, 'user_id bigint, name text, digest text, scopes text, last_used_at timestamptz, revoked_at timestamptz'),
  ('app', 'oauth_tokens', 9000, 'user_id bigint, provider text, token text, expires_at timestamptz'),
  ('app', 'two_factor_devices', 1200, 'user_id bigint, kind text, token text, confirmed_at timestamptz'),
  ('app', 'dashboards', 6000, 'user_id bigint, title text, layout jsonb, visibility text, viewed_count int'),
  ('app', 'dashboard_tiles', 30000, 'dashboard_id bigint, saved_query_id bigint, title text, layout jsonb, position int'),
  ('app', 'dashboard_shares', 4000, 'dashboard_id bigint, user_id bigint, permission text'),
  ('app', 'saved_queries', 11000, 'user_id bigint, title text, sql_text text, parameters jsonb, run_count int'),
  ('app', 'query_runs', 45000, 'saved_query_id bigint, user_id bigint, status text, row_count int, duration_ms int, error text'),
  ('app', 'alerts', 3500, 'saved_query_id bigint, name text, condition jsonb, status text, last_fired_at timestamptz'),
  ('app', 'alert_firings', 22000, 'alert_id bigint, status text, value numeric, acknowledged_at timestamptz'),
  ('app', 'subscriptions_email', 2000, 'dashboard_id bigint, email text, schedule text, last_sent_at timestamptz'),
  ('app', 'annotations', 5000, 'dashboard_id bigint, user_id bigint, body text'),
  ('app', 'comments', 14000, 'dashboard_id bigint, user_id bigint, body text, resolved_at timestamptz'),
  ('app', 'notifications', 50000, 'user_id bigint, kind text, title text, body text, read_at timestamptz'),
  ('app', 'notification_preferences', 8000, 'user_id bigint, kind text, channel text'),
  ('app', 'webhooks', 900, 'url text, digest text, status text, last_used_at timestamptz'),
  ('app', 'webhook_deliveries', 35000, 'webhook_id bigint, status text, response_code int, duration_ms int, payload jsonb'),
  ('app', 'feature_flags', 150, 'name text, status text, rules jsonb'),
  ('app', 'Saved Filters', 1500, 'user_id bigint, name text, definition jsonb'),
  ('app', 'schema_migrations', 240, 'version text, checksum text'),
  ('analytics', 'visitors', 45000, 'visitor_key text, first_seen_at timestamptz, last_seen_at timestamptz, country text, device text'),
  ('analytics', 'page_views', 60000, 'visitor_id bigint, url text, referrer text, duration_ms int'),
  ('analytics', 'web_sessions', 40000, 'visitor_id bigint, ip_address inet, user_agent text, page_count int, duration_ms int'),
  ('analytics', 'conversions', 12000, 'visitor_id bigint, goal_id bigint, value numeric, currency text'),
  ('analytics', 'goals', 800, 'name text, definition jsonb, status text'),
  ('analytics', 'funnels', 600, 'name text, definition jsonb'),
  ('analytics', 'funnel_steps', 3000, 'funnel_id bigint, title text, position int, condition jsonb'),
  ('analytics', 'cohorts', 900, 'name text, definition jsonb, member_count int'),
  ('analytics', 'cohort_members', 55000, 'cohort_id bigint, visitor_id bigint'),
  ('analytics', 'segments', 1100, 'name text, definition jsonb'),
  ('analytics', 'segment_members', 50000, 'segment_id bigint, visitor_id bigint'),
  ('analytics', 'experiments', 300, 'name text, status text, definition jsonb'),
  ('analytics', 'experiment_assignments', 48000, 'experiment_id bigint, visitor_id bigint, variant text'),
  ('analytics', 'event_definitions', 1400, 'name text, description text, properties jsonb'),
  ('analytics', 'property_definitions', 5200, 'name text, kind text, description text'),
  ('analytics', 'identity_merges', 16000, 'visitor_id bigint, user_id bigint, reason text'),
  ('analytics', 'retention_snapshots', 9000, 'cohort_id bigint, period text, value numeric'),
  ('billing', 'customers', 400, 'name text, email text, country text, vat_number text'),
  ('billing', 'subscriptions', 520, 'customer_id bigint, plan text, status text, seats int, renews_at timestamptz'),
  ('billing', 'invoices', 14000, 'customer_id bigint, number text, status text, amount numeric, currency text, due_at timestamptz, paid_at timestamptz'),
  ('billing', 'invoice_lines', 52000, 'invoice_id bigint, description text, quantity int, amount numeric'),
  ('billing', 'payments', 13000, 'invoice_id bigint, provider text, status text, amount numeric, currency text'),
  ('billing', 'payment_attempts', 17000, 'payment_id bigint, status text, error text, response_code int'),
  ('billing', 'credit_notes', 400, 'invoice_id bigint, reason text, amount numeric'),
  ('billing', 'usage_records', 60000, 'subscription_id bigint, kind text, quantity int, period text'),
  ('billing', 'price_books', 60, 'name text, currency text, definition jsonb'),
  ('billing', 'coupons', 120, 'name text, percent int, expires_at timestamptz'),
  ('billing', 'dunning_cases', 700, 'invoice_id bigint, status text, reason text'),
  ('ingest', 'sources', 700, 'name text, kind text, status text, configuration jsonb'),
  ('ingest', 'source_credentials', 700, 'source_id bigint, kind text, token text, expires_at timestamptz'),
  ('ingest', 'sync_runs', 48000, 'source_id bigint, status text, row_count int, duration_ms int, error text'),
  ('ingest', 'sync_cursors', 6000, 'source_id bigint, name text, position int'),
  ('ingest', 'job_queue', 30000, 'queue text, kind text, payload jsonb, status text, attempts int, run_at timestamptz, locked_at timestamptz'),
  ('ingest', 'dead_letters', 4000, 'queue text, payload jsonb, error text'),
  ('ingest', 'rate_limits', 5000, 'name text, remaining int, expires_at timestamptz'),
  ('ingest', 'schema_drift', 900, 'source_id bigint, name text, description text'),
  ('audit', 'admin_actions', 8000, 'user_id bigint, action text, subject text, ip_address inet, payload jsonb'),
  ('audit', 'login_attempts', 42000, 'email text, status text, ip_address inet, user_agent text'),
  ('audit', 'data_exports', 1600, 'user_id bigint, status text, row_count int, expires_at timestamptz');

-- The families a pipeline makes by rule: one rollup per metric and grain, one staging table per
-- object of each connected service.
INSERT INTO demo.catalogue
SELECT 'rollup', metric || '_' || grain, size / 2, 'period text, country text, device text, quantity int, value numeric'
FROM unnest('{page_views,visitors,sessions,conversions,revenue,signups,activations,churn,retention,
  api_calls,query_runs,alert_firings,sync_rows,storage_bytes,seats,feature_usage,email_opens,
  email_clicks,exports,errors,latency,refunds,trials,upgrades,downgrades,nps}'::text[]) AS metric,
  (VALUES ('hourly', 6000), ('daily', 3000), ('weekly', 900), ('monthly', 300)) AS grains (grain, size);

INSERT INTO demo.catalogue
SELECT 'staging', service || '_' || object, 1200, 'external_key text, payload jsonb, checksum text, synced_at timestamptz'
FROM unnest('{salesforce,hubspot,zendesk,intercom,stripe,shopify,segment,marketo,github,jira,
  google_ads,facebook_ads,linkedin_ads,mailchimp,netsuite,quickbooks}'::text[]) AS service,
  unnest('{accounts,contacts,deals,tickets,campaigns,invoices,orders}'::text[]) AS object;

-- A value that looks right for a column of this name and type; `i` is the row's number.
CREATE FUNCTION demo.expression(name text, type text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN name = 'id' THEN 'i'
  WHEN name = 'tenant_id' THEN '1 + i % 400'
  WHEN name = 'created_at' THEN 'now() - (i % 500) * interval ''1 hour'''
  WHEN name = 'updated_at' THEN 'now() - (i % 90) * interval ''1 hour'''
  WHEN type = 'timestamp with time zone' THEN
    'CASE WHEN i % 3 > 0 THEN now() - (i % 700) * interval ''37 minutes'' END'
  WHEN name LIKE '%\_id' THEN '1 + (i * 7919) % 5000'
  WHEN name = 'email' THEN '''user'' || i || ''@customer'' || i % 400 || ''.example'''
  WHEN name IN ('token', 'digest', 'password_digest', 'checksum', 'visitor_key', 'external_key')
    THEN 'md5(i::text)'
  WHEN name = 'status' THEN '(''{active,pending,done,failed}''::text[])[1 + i % 4]'
  WHEN name = 'kind' THEN '(''{daily,email,slack,import}''::text[])[1 + i % 4]'
  WHEN name = 'country' THEN '(''{DE,FR,US,BR,JP,IN}''::text[])[1 + i % 6]'
  WHEN name = 'url' THEN '''https://www.example.com/products/'' || i % 900'
  WHEN type = 'jsonb' THEN
    'jsonb_build_object(''source'', ''web'', ''plan'', i % 5, ''experiment'', md5((i % 90)::text))'
  WHEN type = 'inet' THEN '''10.0.0.0''::inet + i % 60000'
  WHEN type IN ('integer', 'bigint') THEN '(i * 31) % 1000'
  WHEN type = 'numeric' THEN '(i % 10000) / 100.0'
  ELSE quote_literal(replace(name, '_', ' ') || ' ') || ' || i % 997'
END;

CREATE FUNCTION demo.create_table(schema text, name text, columns text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I.%I (id bigint PRIMARY KEY, tenant_id bigint NOT NULL, %s,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL)', schema, name, columns);
  EXECUTE format('CREATE INDEX ON %I.%I (tenant_id, created_at)', schema, name);
END $$;

CREATE FUNCTION demo.fill(target regclass, first int, last int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  columns text;
  expressions text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
         string_agg(demo.expression(attname, format_type(atttypid, NULL)), ', ' ORDER BY attnum)
  INTO columns, expressions
  FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM generate_series(%s, %s) AS i',
                 target, columns, expressions, first, last);
END $$;

-- One transaction per fifty tables, as locks on all of them at once would not fit.
DO $$
DECLARE
  entry record;
  made int := 0;
BEGIN
  FOR entry IN SELECT * FROM demo.catalogue LOOP
    PERFORM demo.create_table(entry.schema, entry.name, entry.columns);
    made := made + 1;
    IF made % 50 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;

-- The big one.
CREATE TABLE analytics.events (
  id bigint, tenant_id bigint NOT NULL, visitor_id bigint, name text NOT NULL, url text,
  properties jsonb, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);

-- One partition a month.
CREATE TABLE audit.audit_log (
  id bigint, tenant_id bigint NOT NULL, user_id bigint, action text, subject text,
  ip_address inet, payload jsonb, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

SELECT format('CREATE TABLE audit.audit_log_%s PARTITION OF audit.audit_log
  FOR VALUES FROM (%L) TO (%L)', to_char(month, 'YYYY_MM'), month, month + interval '1 month')
FROM generate_series(date_trunc('month', now()) - interval '12 months', now(), '1 month') AS month
\gexec
