-- case: backfill where the column was added
ALTER TABLE orders ADD COLUMN a int;
UPDATE orders SET a = quantity * 2;
ALTER TABLE orders ALTER COLUMN a SET NOT NULL;
-- case: column, default, not null
ALTER TABLE orders ADD COLUMN a int DEFAULT 0;
ALTER TABLE orders ALTER COLUMN a SET NOT NULL;
-- case: copy after a lock
LOCK TABLE orders IN SHARE MODE;
CREATE TABLE orders_new AS SELECT * FROM orders;
-- case: swap of two tables
ALTER TABLE orders RENAME TO orders_old;
CREATE TABLE orders (LIKE orders_old INCLUDING DEFAULTS);
INSERT INTO orders SELECT * FROM orders_old;
-- case: swap with an empty one
CREATE TABLE plain_new (LIKE plain INCLUDING ALL);
ALTER TABLE plain RENAME TO plain_old;
ALTER TABLE plain_new RENAME TO plain;
-- case: column of the new table under the old name
ALTER TABLE plain RENAME TO plain_old;
CREATE TABLE plain (id int);
ALTER TABLE plain ADD COLUMN b uuid DEFAULT gen_random_uuid();
-- case: the old table under a new name
ALTER TABLE plain RENAME TO plain_old;
ALTER TABLE plain_old ADD COLUMN z uuid DEFAULT gen_random_uuid();
-- case: the old table in another schema
CREATE SCHEMA archive;
ALTER TABLE plain SET SCHEMA archive;
ALTER TABLE archive.plain ALTER COLUMN a TYPE bigint;
-- case: dropped and made again
DROP TABLE plain;
CREATE TABLE plain (a int, b int);
INSERT INTO plain SELECT i, i FROM generate_series(1, 1000) i;
CREATE INDEX ON plain (a);
ALTER TABLE plain ALTER COLUMN b TYPE bigint;
-- case: column swapped
ALTER TABLE orders ADD COLUMN quantity_new bigint;
ALTER TABLE orders DROP COLUMN quantity;
ALTER TABLE orders RENAME COLUMN quantity_new TO quantity;
-- case: type of a column added here
ALTER TABLE orders ADD COLUMN a varchar(10);
ALTER TABLE orders ALTER COLUMN a TYPE varchar(20);
ALTER TABLE orders ALTER COLUMN a TYPE int USING 1;
-- case: renamed column changes its type
ALTER TABLE orders RENAME COLUMN code TO mark;
ALTER TABLE orders ALTER COLUMN mark TYPE text;
-- case: check dropped, type changed, check added again
ALTER TABLE items DROP CONSTRAINT items_amount_check;
ALTER TABLE items ALTER COLUMN article TYPE text;
ALTER TABLE items ADD CONSTRAINT items_amount_check CHECK (amount > -1) NOT VALID;
-- case: analyze after a rewrite
ALTER TABLE plain ALTER COLUMN a TYPE bigint;
ANALYZE plain;
-- case: search_path
CREATE SCHEMA side;
CREATE TABLE side.plain (a int);
SET LOCAL search_path = side;
ALTER TABLE plain ADD COLUMN b serial;
ALTER TABLE public.plain ADD COLUMN z serial;
-- case: savepoint
SAVEPOINT before;
ALTER TABLE orders ADD COLUMN a int;
ROLLBACK TO SAVEPOINT before;
CREATE STATISTICS orders_related ON customer_id, code FROM orders;
-- case: insert into a new partition
CREATE TABLE regions_west (LIKE regions INCLUDING ALL);
INSERT INTO regions_west SELECT 'w', 'w' FROM generate_series(1, 100);
ALTER TABLE regions ATTACH PARTITION regions_west FOR VALUES IN ('w');
-- case: new partition of this file, attached beside the default one
CREATE TABLE events_2030 (LIKE events INCLUDING ALL);
ALTER TABLE events ATTACH PARTITION events_2030 FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
-- case: delete after a trigger was turned off
ALTER TABLE orders DISABLE TRIGGER USER;
DELETE FROM orders WHERE note = 'nothing like this';
-- case: count under a lock
ALTER TABLE orders ALTER COLUMN quantity SET DEFAULT 5;
SELECT count(*) FROM orders;
-- case: view between
DROP VIEW sales_open;
ALTER TABLE sales ALTER COLUMN id TYPE bigint;
CREATE VIEW sales_open AS SELECT id, amount FROM sales;
