-- case: create table
CREATE TABLE fresh (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, size int CHECK (size > 0));
-- case: create table as
CREATE TABLE fresh AS SELECT * FROM orders;
-- case: select into
SELECT id, note INTO fresh FROM orders;
-- case: like
CREATE TABLE fresh (LIKE orders INCLUDING ALL);
-- case: inherits
CREATE TABLE cats (lives int) INHERITS (animals);
-- case: references two
CREATE TABLE fresh (order_id int REFERENCES orders, customer_id int REFERENCES customers ON DELETE CASCADE);
-- case: partition beside a default one
CREATE TABLE events_2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: partition without a default one
CREATE TABLE regions_east PARTITION OF regions FOR VALUES IN ('e');
-- case: default partition
CREATE TABLE regions_rest PARTITION OF regions DEFAULT;
-- case: partition, the default one is proved to hold none
ALTER TABLE events_other ADD CHECK (at IS NOT NULL AND at < '2029-01-01');
-- then:
CREATE TABLE events_2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: partitioned partition
CREATE TABLE events_2031 PARTITION OF events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01') PARTITION BY HASH (id);
-- case: partitioned table
CREATE TABLE fresh (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE fresh_1 PARTITION OF fresh FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE fresh_2 PARTITION OF fresh DEFAULT;
CREATE TABLE fresh_3 PARTITION OF fresh FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
-- case: attach beside a default one
CREATE TABLE events_2030 (LIKE events);
INSERT INTO events_2030 SELECT i, '2030-02-02' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: attach with a check, default partition scanned
CREATE TABLE events_2030 (LIKE events, CHECK (at IS NOT NULL AND at >= '2030-01-01' AND at < '2031-01-01'));
INSERT INTO events_2030 SELECT i, '2030-02-02' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: attach with a check, default partition with one too
CREATE TABLE events_2030 (LIKE events, CHECK (at IS NOT NULL AND at >= '2030-01-01' AND at < '2031-01-01'));
INSERT INTO events_2030 SELECT i, '2030-02-02' FROM generate_series(1, 1000) i;
ALTER TABLE events_other ADD CHECK (at IS NOT NULL AND (at < '2030-01-01' OR at >= '2031-01-01'));
-- then:
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: attach without a default partition
CREATE TABLE regions_east (code text NOT NULL, name text);
INSERT INTO regions_east SELECT 'e', 'e' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE regions ATTACH PARTITION regions_east FOR VALUES IN ('e');
-- case: attach with a matching check
CREATE TABLE regions_east (code text NOT NULL CHECK (code = 'e'), name text);
INSERT INTO regions_east SELECT 'e', 'e' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE regions ATTACH PARTITION regions_east FOR VALUES IN ('e');
-- case: attach with a check that may be null
CREATE TABLE events_2030 (id int NOT NULL, at date NOT NULL, kind varchar(10), size int);
ALTER TABLE events_2030 ADD CHECK (at >= '2030-01-01' AND at < '2031-01-01');
INSERT INTO events_2030 SELECT i, '2030-02-02' FROM generate_series(1, 1000) i;
DROP TABLE events_other;
-- then:
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: attach and build the index it lacks
CREATE INDEX ON regions (name);
CREATE TABLE regions_east (code text NOT NULL CHECK (code = 'e'), name text);
INSERT INTO regions_east SELECT 'e', 'e' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE regions ATTACH PARTITION regions_east FOR VALUES IN ('e');
-- case: attach as default
CREATE TABLE regions_rest (code text NOT NULL, name text);
INSERT INTO regions_rest SELECT 'x', 'x' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE regions ATTACH PARTITION regions_rest DEFAULT;
-- case: detach
ALTER TABLE events DETACH PARTITION events_2023;
-- case: detach concurrently
ALTER TABLE regions DETACH PARTITION regions_north CONCURRENTLY;
-- case: drop
DROP TABLE plain;
-- case: drop with a foreign key
DROP TABLE items;
-- case: drop cascade
DROP TABLE orders CASCADE;
-- case: drop a partition
DROP TABLE events_2023;
-- case: drop two, one of them not there
DROP TABLE IF EXISTS no_such_table, sessions;
-- case: drop column
ALTER TABLE orders DROP COLUMN note;
-- case: drop column and what depends on it
ALTER TABLE sales DROP COLUMN amount CASCADE;
-- case: drop column of a foreign key
ALTER TABLE items DROP COLUMN order_id;
-- case: truncate
TRUNCATE plain;
-- case: truncate cascade
TRUNCATE orders CASCADE;
-- case: rename table
ALTER TABLE orders RENAME TO purchases;
-- case: rename column
ALTER TABLE orders RENAME COLUMN note TO remark;
-- case: set schema
CREATE SCHEMA side;
-- then:
ALTER TABLE orders SET SCHEMA side;
-- case: owner
CREATE ROLE clerk_of_tables;
ALTER TABLE orders OWNER TO clerk_of_tables;
-- case: set unlogged
ALTER TABLE plain SET UNLOGGED;
-- case: set logged
ALTER TABLE sessions SET LOGGED;
-- case: set logged where it is so
ALTER TABLE plain SET LOGGED;
-- case: set tablespace
ALTER TABLE plain SET TABLESPACE corner;
-- case: set tablespace, the same
ALTER TABLE plain SET TABLESPACE pg_default;
-- case: set access method, the same since=15
ALTER TABLE plain SET ACCESS METHOD heap;
-- case: set access method since=15
ALTER TABLE plain SET ACCESS METHOD other_heap;
-- case: fillfactor and autovacuum
ALTER TABLE orders SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01);
-- case: reset
ALTER TABLE orders RESET (fillfactor);
-- case: user_catalog_table
ALTER TABLE plain SET (user_catalog_table = true);
-- case: toast option
ALTER TABLE orders SET (toast.autovacuum_enabled = false);
-- case: without oids
ALTER TABLE orders SET WITHOUT OIDS;
-- case: set default
ALTER TABLE orders ALTER COLUMN quantity SET DEFAULT 1;
-- case: set volatile default
ALTER TABLE orders ALTER COLUMN note SET DEFAULT gen_random_uuid()::text;
-- case: drop default
ALTER TABLE orders ALTER COLUMN status DROP DEFAULT;
-- case: statistics
ALTER TABLE orders ALTER COLUMN note SET STATISTICS 1000;
-- case: n_distinct
ALTER TABLE orders ALTER COLUMN note SET (n_distinct = 100);
-- case: storage
ALTER TABLE orders ALTER COLUMN note SET STORAGE EXTERNAL;
-- case: compression
ALTER TABLE orders ALTER COLUMN note SET COMPRESSION pglz;
-- case: identity added to a column
ALTER TABLE orders ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY;
-- case: identity changed and dropped
ALTER TABLE orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
-- then:
ALTER TABLE orders ALTER COLUMN id SET GENERATED BY DEFAULT RESTART WITH 5000;
ALTER TABLE orders ALTER COLUMN id DROP IDENTITY IF EXISTS;
-- case: expression dropped
ALTER TABLE plain ADD COLUMN f int GENERATED ALWAYS AS (a + b) STORED;
-- then:
ALTER TABLE plain ALTER COLUMN f DROP EXPRESSION;
-- case: expression changed since=17
ALTER TABLE plain ADD COLUMN f int GENERATED ALWAYS AS (a + b) STORED;
-- then:
ALTER TABLE plain ALTER COLUMN f SET EXPRESSION AS (a - b);
-- case: expression of a virtual column changed since=18
ALTER TABLE plain ADD COLUMN f int GENERATED ALWAYS AS (a + b) VIRTUAL;
-- then:
ALTER TABLE plain ALTER COLUMN f SET EXPRESSION AS (a - b);
-- case: cluster on
ALTER TABLE items CLUSTER ON items_article;
-- case: without cluster
ALTER TABLE items SET WITHOUT CLUSTER;
-- case: replica identity
ALTER TABLE orders REPLICA IDENTITY FULL;
-- case: row level security
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
-- case: triggers off
ALTER TABLE orders DISABLE TRIGGER USER;
-- case: inherit
CREATE TABLE cats (name text, legs int);
-- then:
ALTER TABLE cats INHERIT animals;
-- case: no inherit
ALTER TABLE dogs NO INHERIT animals;
-- case: cluster
CLUSTER items USING items_article;
-- case: vacuum full
VACUUM FULL plain;
-- case: vacuum full and analyze in brackets
VACUUM (FULL, ANALYZE) orders;
-- case: vacuum
VACUUM (ANALYZE) plain;
-- case: analyze
ANALYZE orders;
-- case: refresh
REFRESH MATERIALIZED VIEW sales_by_day;
-- case: refresh concurrently
REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;
-- case: refresh without data
REFRESH MATERIALIZED VIEW sales_by_day WITH NO DATA;
-- case: create materialized view
CREATE MATERIALIZED VIEW big_orders AS SELECT * FROM orders WHERE total > 100;
-- case: drop materialized view
DROP MATERIALIZED VIEW sales_by_day;
-- case: view
CREATE VIEW paid AS SELECT * FROM orders WHERE status = 'paid';
-- case: view replaced
CREATE OR REPLACE VIEW sales_open AS SELECT id, amount, day FROM sales;
-- case: view dropped
DROP VIEW sales_open;
-- case: trigger
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
-- case: trigger dropped
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
-- then:
DROP TRIGGER touched ON orders;
-- case: policy
CREATE POLICY own ON orders USING (customer_id = 1);
-- case: rule
CREATE RULE nothing AS ON DELETE TO orders DO INSTEAD NOTHING;
-- case: comment
COMMENT ON TABLE orders IS 'what was ordered';
-- case: grant
GRANT SELECT ON orders TO PUBLIC;
-- case: publication
CREATE PUBLICATION shop FOR TABLE orders;
-- case: sequence
ALTER SEQUENCE numbers RESTART WITH 1000 CACHE 20;
-- case: enum value
ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'lost' AFTER 'sent';
-- case: enum value renamed
ALTER TYPE order_status RENAME VALUE 'sent' TO 'shipped';
-- case: insert
INSERT INTO plain VALUES (1, 2, 'c', 'd', now());
-- case: update of all
UPDATE orders SET note = '';
-- case: delete of some
DELETE FROM sessions WHERE id < 10;
-- case: delete of all
DELETE FROM plain;
-- case: function dropped
DROP FUNCTION steady();
-- case: extension
CREATE EXTENSION IF NOT EXISTS plpgsql;
-- case: schema dropped
CREATE SCHEMA side;
CREATE TABLE side.t AS SELECT generate_series(1, 1000) AS a;
-- then:
DROP SCHEMA side CASCADE;
-- case: lock
LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;
-- case: settings
SET lock_timeout = '2s';
SET LOCAL statement_timeout = 0;
