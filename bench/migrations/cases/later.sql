-- case: chain of casts over random
ALTER TABLE orders ADD COLUMN a text DEFAULT ((random() * 10)::int)::text COLLATE "C";
-- case: default by setval
ALTER TABLE orders ADD COLUMN a bigint DEFAULT setval('numbers', 5);
-- case: default greatest of stable
ALTER TABLE orders ADD COLUMN a timestamptz DEFAULT greatest(now(), 'epoch'::timestamptz);
-- case: default localtimestamp
ALTER TABLE orders ADD COLUMN a timestamp DEFAULT localtimestamp(0), ADD b time DEFAULT localtime;
-- case: default of uuid cast from text
ALTER TABLE orders ADD COLUMN a uuid DEFAULT '00000000-0000-0000-0000-000000000000';
-- case: check with like not valid then validate later table
ALTER TABLE plain ADD CONSTRAINT c_like CHECK (c LIKE 'c%') NOT VALID;
ALTER TABLE sessions ADD CONSTRAINT s_like CHECK (data <> '');
-- case: type numeric to numeric using same column quoted
ALTER TABLE orders ALTER COLUMN total TYPE numeric(14,2) USING "total";
-- case: type using cast function syntax
ALTER TABLE orders ALTER COLUMN code TYPE text USING CAST(code AS text);
-- case: type varchar to citext like domain chain
CREATE DOMAIN long_label AS label;
-- then:
ALTER TABLE orders ALTER COLUMN note TYPE long_label;
-- case: type to domain over constrained domain
CREATE DOMAIN very_positive AS positive;
-- then:
ALTER TABLE orders ALTER COLUMN quantity TYPE very_positive;
-- case: interval fields
ALTER TABLE orders ALTER COLUMN took TYPE interval day to second;
-- case: timestamptz to date
ALTER TABLE orders ALTER COLUMN placed TYPE date;
-- case: money
ALTER TABLE orders ALTER COLUMN total TYPE money;
-- case: gin index on expression
CREATE INDEX ON orders USING gin (to_tsvector('simple', note));
-- case: drop index of unique constraint fails in favour of constraint
ALTER TABLE orders ADD CONSTRAINT u UNIQUE (code);
-- then:
ALTER TABLE orders DROP CONSTRAINT u;
-- case: set not null after unique
ALTER TABLE orders ADD CONSTRAINT u UNIQUE (code);
-- then:
ALTER TABLE orders ALTER code SET NOT NULL;
-- case: attach default to partitioned with rows check
CREATE TABLE regions_x (code text NOT NULL, name text, CHECK (code IN ('p', 'q')));
INSERT INTO regions_x SELECT 'p' FROM generate_series(1, 1000);
-- then:
ALTER TABLE regions ATTACH PARTITION regions_x FOR VALUES IN ('p', 'q');
-- case: detach then truncate
ALTER TABLE regions DETACH PARTITION regions_north;
TRUNCATE regions_north;
-- case: create table as with no data
CREATE TABLE fresh AS TABLE orders WITH NO DATA;
-- case: materialized view after alter
ALTER TABLE orders ADD COLUMN a int;
CREATE MATERIALIZED VIEW mv_o AS SELECT count(*) FROM orders;
-- case: insert returning after alter of another
ALTER TABLE orders ADD COLUMN a int;
INSERT INTO plain SELECT id, 1 FROM customers;
-- case: delete using
ALTER TABLE plain ALTER b SET DEFAULT 3;
DELETE FROM items USING plain WHERE plain.a = items.order_id AND plain.c = 'none';
-- case: update with subselect on locked
ALTER TABLE customers ALTER name SET DEFAULT '';
UPDATE orders SET note = (SELECT name FROM customers c WHERE c.id = orders.customer_id);
-- case: update by key after alter
ALTER TABLE orders ADD COLUMN a int;
UPDATE orders SET a = 1 WHERE id = 5;
-- case: add primary key using serial on items-like
CREATE TABLE bag (x int);
INSERT INTO bag SELECT generate_series(1, 1000);
-- then:
ALTER TABLE bag ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
-- case: validate on a partitioned table
ALTER TABLE events ADD CONSTRAINT k CHECK (size >= 0) NOT VALID;
-- then:
ALTER TABLE events VALIDATE CONSTRAINT k;
-- case: drop identity and default of serial
ALTER TABLE sales ALTER COLUMN id DROP DEFAULT;
-- case: enum through a new type
CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent', 'lost');
ALTER TABLE orders ALTER status DROP DEFAULT;
ALTER TABLE orders ALTER status TYPE order_state USING status::text::order_state;
-- case: do with perform
DO $$ BEGIN PERFORM 1 FROM orders; ALTER TABLE plain DROP COLUMN d; END $$;
-- case: reindex system catalogs of nothing
REINDEX INDEX CONCURRENTLY orders_pkey;
-- case: partitioned unique index
CREATE UNIQUE INDEX ON regions (code, name);
