-- case: index
CREATE INDEX ON orders (customer_id);
-- case: unique index
CREATE UNIQUE INDEX orders_code ON orders (code);
-- case: expression index
CREATE INDEX orders_lower ON orders (lower(note));
-- case: partial index
CREATE INDEX orders_new ON orders (placed) WHERE status = 'new';
-- case: covering index
CREATE INDEX orders_cover ON orders (customer_id) INCLUDE (total);
-- case: gin
CREATE INDEX customers_profile ON customers USING gin (profile);
-- case: brin
CREATE INDEX orders_placed ON orders USING brin (placed);
-- case: hash
CREATE INDEX orders_hash ON orders USING hash (code);
-- case: gist
CREATE INDEX orders_during ON orders USING gist (during);
-- case: concurrently
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
-- case: unique concurrently if not exists
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS orders_code ON orders (code);
-- case: if not exists, and it does
CREATE INDEX IF NOT EXISTS items_article ON items (article);
-- case: if not exists, and it does not
CREATE INDEX IF NOT EXISTS orders_note ON orders (note);
-- case: partitioned
CREATE INDEX ON events (id);
-- case: partitioned, parent only
CREATE INDEX events_id ON ONLY events (id);
-- case: one partition
CREATE INDEX events_2023_id ON events_2023 (id);
-- case: one partition concurrently
CREATE INDEX CONCURRENTLY events_2024_id ON events_2024 (id);
-- case: index attached
CREATE INDEX events_id ON ONLY events (id);
CREATE INDEX events_2023_id ON events_2023 (id);
-- then:
ALTER INDEX events_id ATTACH PARTITION events_2023_id;
-- case: inheritance parent
CREATE INDEX ON animals (name);
-- case: materialized view
CREATE INDEX ON sales_by_day (amount);
-- case: new table of this file
CREATE TABLE fresh (id int, name text);
CREATE INDEX ON fresh (name);
-- case: temporary table
CREATE TEMPORARY TABLE scratch AS SELECT 1 AS a;
CREATE INDEX ON scratch (a);
-- case: name of a new table in another schema
CREATE SCHEMA side;
CREATE TABLE side.orders (id int);
CREATE INDEX ON orders (quantity);
-- case: with storage parameters
CREATE INDEX ON orders (quantity) WITH (fillfactor = 70);
-- case: in another tablespace
CREATE INDEX ON orders (quantity) TABLESPACE corner;
-- case: drop
DROP INDEX items_article;
-- case: drop concurrently
DROP INDEX CONCURRENTLY items_article;
-- case: drop what is not there
DROP INDEX IF EXISTS no_such_index;
-- case: drop two
CREATE INDEX orders_note ON orders (note);
-- then:
DROP INDEX items_article, orders_note;
-- case: drop of a partitioned index
CREATE INDEX events_id ON events (id);
-- then:
DROP INDEX events_id;
-- case: reindex index
REINDEX INDEX items_article;
-- case: reindex table
REINDEX TABLE orders;
-- case: reindex table without an index
REINDEX TABLE plain;
-- case: reindex table concurrently
REINDEX TABLE CONCURRENTLY orders;
-- case: reindex index concurrently
REINDEX (CONCURRENTLY) INDEX items_article;
-- case: reindex verbose
REINDEX (VERBOSE) TABLE items;
-- case: reindex schema
REINDEX SCHEMA public;
-- case: reindex of a partitioned table
CREATE INDEX events_id ON events (id);
-- then:
REINDEX TABLE events;
-- case: reindex of a materialized view
REINDEX TABLE sales_by_day;
-- case: rename
ALTER INDEX items_article RENAME TO items_article_index;
-- case: fillfactor
ALTER INDEX items_article SET (fillfactor = 80);
-- case: reset
ALTER INDEX items_article RESET (fillfactor);
-- case: gin fastupdate
CREATE INDEX customers_profile ON customers USING gin (profile);
-- then:
ALTER INDEX customers_profile SET (fastupdate = off);
-- case: statistics target
CREATE INDEX orders_lower ON orders (lower(note));
-- then:
ALTER INDEX orders_lower ALTER COLUMN 1 SET STATISTICS 500;
-- case: tablespace of an index
ALTER INDEX items_article SET TABLESPACE corner;
-- case: tablespace of an index, the same
ALTER INDEX items_article SET TABLESPACE pg_default;
-- case: two builds in one file
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (placed);
-- case: build after a column was added
ALTER TABLE orders ADD COLUMN a int;
CREATE INDEX ON orders (a);
-- case: extended statistics
CREATE STATISTICS orders_related (dependencies) ON customer_id, code FROM orders;
-- case: statistics of an expression
CREATE STATISTICS orders_expression ON (lower(note)) FROM orders;
-- case: statistics dropped
CREATE STATISTICS orders_related ON customer_id, code FROM orders;
-- then:
DROP STATISTICS orders_related;
