-- The big table; runs beside fill.sql.
\set ON_ERROR_STOP on
\set QUIET on
INSERT INTO analytics.events
SELECT i, 1 + i % 400, (i * 7919::bigint) % 45000,
       ('{page_view,click,scroll,signup,purchase,search}'::text[])[1 + i % 6],
       'https://www.example.com/products/' || i % 900,
       '{"source": "web", "plan": "team", "experiment": "b"}',
       now() - (900000 - i) * interval '10 seconds', now()
FROM generate_series(1, 900000) AS i;
ALTER TABLE analytics.events ADD PRIMARY KEY (id);
CREATE INDEX events_tenant_id_created_at_idx ON analytics.events (tenant_id, created_at);
CREATE INDEX events_visitor_id_idx ON analytics.events (visitor_id);
VACUUM ANALYZE analytics.events;
