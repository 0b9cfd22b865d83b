-- case: do block
DO $$ BEGIN ALTER TABLE orders ADD COLUMN a uuid DEFAULT gen_random_uuid(); END $$;
-- case: do block that looks first
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'a') THEN
        ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;
    END IF;
END
$$;
-- case: do block with dynamic sql
DO $$ BEGIN EXECUTE 'CREATE INDEX ON orders (quantity)'; END $$;
-- case: do block that only changes the catalog
DO $$ BEGIN ALTER TABLE orders ADD COLUMN a int; END $$;
-- case: do block that makes a type
DO $$ BEGIN CREATE TYPE mood AS ENUM ('ok'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
-- case: do block over a list
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plain', 'sales'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN z serial', name);
    END LOOP;
END
$$;
-- case: alter materialized view
ALTER MATERIALIZED VIEW sales_by_day RENAME TO sales_daily;
-- case: materialized view in another tablespace
ALTER MATERIALIZED VIEW sales_by_day SET TABLESPACE corner;
-- case: materialized view clustered
CLUSTER sales_by_day USING sales_by_day_day;
-- case: all of a tablespace
ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE corner;
-- case: all indexes of a tablespace
ALTER INDEX ALL IN TABLESPACE pg_default SET TABLESPACE corner;
-- case: reindex into another tablespace
REINDEX (TABLESPACE corner) INDEX items_article;
-- case: partitioned table in another tablespace
ALTER TABLE events SET TABLESPACE corner;
-- case: partitioned table's access method since=17
ALTER TABLE events SET ACCESS METHOD other_heap;
-- case: of a type
CREATE TABLE homes (street text, city text);
-- then:
ALTER TABLE homes OF address;
-- case: not of a type
ALTER TABLE places NOT OF;
-- case: attribute dropped
ALTER TYPE address DROP ATTRIBUTE city CASCADE;
-- case: attribute renamed
ALTER TYPE address RENAME ATTRIBUTE city TO town CASCADE;
-- case: type dropped with its columns
DROP TYPE order_status CASCADE;
-- case: domain dropped with its columns
DROP DOMAIN label CASCADE;
-- case: function dropped with a default
ALTER TABLE plain ALTER COLUMN a SET DEFAULT steady();
-- then:
DROP FUNCTION steady() CASCADE;
-- case: function dropped with its index
CREATE INDEX ON plain ((a + steady()));
-- then:
DROP FUNCTION steady() CASCADE;
-- case: owned by
CREATE ROLE clerk_of_owned;
ALTER TABLE plain OWNER TO clerk_of_owned;
-- then:
REASSIGN OWNED BY clerk_of_owned TO CURRENT_USER;
DROP OWNED BY clerk_of_owned;
DROP ROLE clerk_of_owned;
-- case: schema renamed
ALTER SCHEMA public RENAME TO shop;
-- case: publication of all tables
CREATE PUBLICATION everything FOR ALL TABLES;
-- case: publication of a schema since=15
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
-- case: publication grows
CREATE PUBLICATION several FOR TABLE plain;
-- then:
ALTER PUBLICATION several ADD TABLE orders;
-- case: constraint trigger
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch();
-- case: trigger on a partitioned table
CREATE TRIGGER touched AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touch();
-- case: trigger renamed
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
-- then:
ALTER TRIGGER touched ON orders RENAME TO touched_again;
-- case: policy changed
CREATE POLICY own ON orders USING (customer_id = 1);
-- then:
ALTER POLICY own ON orders USING (customer_id = 2);
-- case: rule off
CREATE RULE also AS ON INSERT TO plain DO ALSO NOTIFY plain;
-- then:
ALTER TABLE plain DISABLE RULE also;
-- case: comment on a column, an index, a constraint
COMMENT ON COLUMN orders.note IS 'note';
COMMENT ON INDEX items_article IS 'index';
COMMENT ON CONSTRAINT items_amount_check ON items IS 'check';
-- case: revoke a column
REVOKE UPDATE (note) ON orders FROM PUBLIC;
-- case: default privileges
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
-- case: replica identity by index
ALTER TABLE items REPLICA IDENTITY USING INDEX items_pkey;
-- case: sequence owned by a column
ALTER SEQUENCE numbers OWNED BY orders.quantity;
-- case: sequence unlogged since=15
ALTER SEQUENCE numbers SET UNLOGGED;
-- case: sequence of another type
ALTER SEQUENCE numbers AS smallint MAXVALUE 1000;
-- case: sequence as a default
ALTER TABLE plain ALTER COLUMN a SET DEFAULT nextval('numbers');
-- case: alter table renames an index
ALTER TABLE items_article RENAME TO items_by_article;
-- case: alter table renames a column of a view
ALTER TABLE sales_open RENAME COLUMN amount TO sum;
-- case: option of a view
ALTER VIEW sales_open SET (security_barrier = true);
-- case: statistics object's target
CREATE STATISTICS orders_related ON customer_id, code FROM orders;
-- then:
ALTER STATISTICS orders_related SET STATISTICS 500;
-- case: merge since=15
MERGE INTO plain p USING sales s ON p.a = s.id WHEN MATCHED THEN UPDATE SET b = 0;
-- case: insert from another table
INSERT INTO plain SELECT id, id, 'c', 'd', now() FROM orders;
-- case: select for update
SELECT * FROM orders FOR UPDATE;
-- case: lock share row exclusive
LOCK orders, customers IN SHARE ROW EXCLUSIVE MODE NOWAIT;
-- case: column and foreign key on it, not valid
ALTER TABLE orders ADD COLUMN a int, ADD CONSTRAINT a_fk FOREIGN KEY (a) REFERENCES customers NOT VALID;
-- case: column and foreign key on it
ALTER TABLE orders ADD COLUMN a int, ADD FOREIGN KEY (a) REFERENCES customers;
-- case: unique and not null and check in one
ALTER TABLE orders ADD UNIQUE (code), ALTER COLUMN code SET NOT NULL, ADD CHECK (code <> '');
-- case: drop and add in one
ALTER TABLE items DROP CONSTRAINT items_amount_check, ADD CONSTRAINT items_amount_check CHECK (amount >= 1);
-- case: default and type in one
ALTER TABLE orders ALTER quantity DROP DEFAULT, ALTER quantity TYPE bigint, ALTER quantity SET DEFAULT 0;
-- case: type and not null in one
ALTER TABLE orders ALTER code TYPE text, ALTER code SET NOT NULL;
-- case: foreign key with two columns
CREATE TABLE item_notes (order_id int, line int, note text);
INSERT INTO item_notes SELECT i, 1, 'n' FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE item_notes ADD FOREIGN KEY (order_id, line) REFERENCES items MATCH FULL;
-- case: foreign key to a partitioned table
ALTER TABLE events ADD PRIMARY KEY (id, at);
CREATE TABLE event_notes (id int, at date);
INSERT INTO event_notes SELECT id, at FROM events;
-- then:
ALTER TABLE event_notes ADD FOREIGN KEY (id, at) REFERENCES events;
-- case: foreign key of a partitioned table, not valid since=18
ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES orders NOT VALID;
-- case: check on a child only
ALTER TABLE dogs ADD CHECK (legs < 5);
-- case: not null of a parent
ALTER TABLE animals ALTER COLUMN name SET NOT NULL;
-- case: quoted names
ALTER TABLE "plain" ALTER COLUMN "a" SET NOT NULL;
-- case: three names
ALTER TABLE shop.public.plain ADD COLUMN z serial;
-- case: toast threshold
ALTER TABLE orders SET (toast_tuple_target = 4080, parallel_workers = 4);
-- case: column option reset
ALTER TABLE orders ALTER COLUMN note RESET (n_distinct);
-- case: force row level security
ALTER TABLE orders FORCE ROW LEVEL SECURITY, ENABLE ROW LEVEL SECURITY;
-- case: attach to an empty parent
CREATE TABLE fresh (code text, name text) PARTITION BY LIST (code);
CREATE TABLE fresh_1 (code text NOT NULL, name text);
INSERT INTO fresh_1 SELECT 'a', 'a' FROM generate_series(1, 1000);
-- then:
ALTER TABLE fresh ATTACH PARTITION fresh_1 FOR VALUES IN ('a');
-- case: attach of a hash partition
CREATE TABLE fresh (id int NOT NULL) PARTITION BY HASH (id);
CREATE TABLE fresh_0 AS SELECT 1 AS id FROM generate_series(1, 1000);
ALTER TABLE fresh_0 ALTER id SET NOT NULL;
-- then:
ALTER TABLE fresh ATTACH PARTITION fresh_0 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- case: attach with a foreign key of the parent
ALTER TABLE regions ADD COLUMN order_id int REFERENCES orders;
CREATE TABLE regions_east (code text NOT NULL CHECK (code = 'e'), name text, order_id int);
INSERT INTO regions_east SELECT 'e', 'e', i FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE regions ATTACH PARTITION regions_east FOR VALUES IN ('e');
-- case: indexed column dropped
ALTER TABLE items DROP COLUMN article;
-- case: unique index, partial, on an expression
CREATE UNIQUE INDEX ON orders (customer_id, lower(code) DESC NULLS LAST) WHERE total IS NOT NULL;
-- case: partitioned index over one that is there
CREATE INDEX ON events_2023 (id);
-- then:
CREATE INDEX ON events (id);
-- case: partitioned index where all are there
CREATE INDEX ON events_2023 (id);
CREATE INDEX ON events_2024 (id);
CREATE INDEX ON events_other (id);
-- then:
CREATE INDEX ON events (id);
-- case: sql function that alters
CREATE FUNCTION migrate() RETURNS void LANGUAGE sql AS 'ALTER TABLE plain ADD COLUMN z serial';
-- then:
SELECT migrate();
-- case: create or replace function
CREATE OR REPLACE FUNCTION steady() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 8';
-- case: create table as execute
PREPARE all_orders AS SELECT * FROM orders;
CREATE TABLE fresh AS EXECUTE all_orders;
-- case: temporary table like
CREATE TEMP TABLE scratch (LIKE orders INCLUDING ALL) ON COMMIT DROP;
ALTER TABLE scratch ADD COLUMN a serial;
-- case: temporary table hides a real one
CREATE TEMP TABLE plain (id int);
ALTER TABLE plain ADD COLUMN a serial;
-- case: schema with a table in it
CREATE SCHEMA shop CREATE TABLE shop_orders (id int) CREATE INDEX shop_orders_id ON shop_orders (id);
-- case: cluster of everything marked
ALTER TABLE items CLUSTER ON items_article;
-- then:
CLUSTER;
-- case: cluster again by the mark
ALTER TABLE items CLUSTER ON items_article;
-- then:
CLUSTER items;
-- case: vacuum full of everything
VACUUM FULL;
-- case: event trigger
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION noted();
-- case: setting of a database
ALTER DATABASE postgres SET work_mem = '8MB';
-- case: column of a table's type
ALTER TABLE plain ADD COLUMN z orders;
-- case: check with a function, not valid
ALTER TABLE plain ADD CONSTRAINT steady_check CHECK (steady() = 7) NOT VALID;
-- case: drop two columns, add one
ALTER TABLE orders DROP COLUMN note, DROP COLUMN IF EXISTS no_such_column, ADD COLUMN a int DEFAULT 3;
-- case: copy out
COPY orders TO '/dev/null';
-- case: procedure that commits
CREATE PROCEDURE work() LANGUAGE plpgsql AS 'BEGIN UPDATE plain SET b = 0; COMMIT; END';
-- then:
CALL work();
-- case: view over a table made here
CREATE TABLE fresh AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW fresh_view AS SELECT * FROM fresh;
CREATE UNIQUE INDEX ON fresh_view (a);
REFRESH MATERIALIZED VIEW CONCURRENTLY fresh_view;
-- case: brin summarized
CREATE INDEX orders_placed ON orders USING brin (placed);
-- then:
SELECT brin_summarize_new_values('orders_placed');
-- case: table of a new type
CREATE TYPE spot AS (x int, y int);
CREATE TABLE spots OF spot (PRIMARY KEY (x));
ALTER TYPE spot ADD ATTRIBUTE z int CASCADE;
-- case: not null with a domain
ALTER TABLE ratings ALTER COLUMN stars SET NOT NULL;
-- case: identity on a table with rows
ALTER TABLE sales ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START WITH 2000), ALTER COLUMN day SET NOT NULL;
-- case: rows deleted by their key
DELETE FROM orders WHERE id = 1001;
-- case: index on a toasted column
CREATE INDEX ON customers USING gin (tags);
-- case: index predicate changes type by a domain
ALTER TABLE ratings ALTER COLUMN title TYPE text;
-- case: uuid in a partition only
ALTER TABLE events_2023 ALTER COLUMN size SET DEFAULT 5;
-- case: check on a partition only
ALTER TABLE events_2023 ADD CHECK (size >= 0);
-- case: partition's own not null
ALTER TABLE events_2023 ALTER COLUMN kind SET NOT NULL;
