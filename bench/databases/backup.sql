-- A table of what applications keep: keys, times, words, documents, amounts; and two indexes.
-- pgbench's own tables, of pages that all look alike, are made beside it.
\set ON_ERROR_STOP on
SELECT setseed(0.5);
CREATE TABLE mixed (id bigint PRIMARY KEY, at timestamptz, customer int, note text, payload jsonb,
                    amount numeric(12, 2));
INSERT INTO mixed
SELECT i, '2024-01-01'::timestamptz + i * interval '7 s', (random() * 200000)::int, md5(i::text),
       jsonb_build_object('k', i % 1000, 'v', md5((i * 7)::text)), (random() * 10000)::numeric(12, 2)
  FROM generate_series(1, :rows) AS i;
CREATE INDEX ON mixed (customer, at);
VACUUM (ANALYZE);
CHECKPOINT;
