-- The shop that every case of the corpus begins with: a thousand rows a table, so that a scan or a
-- rewrite shows. A case may add to it in its own setup.

CREATE TYPE order_status AS ENUM ('new', 'paid', 'sent');
CREATE TYPE address AS (street text, city text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN filled AS text NOT NULL DEFAULT '';
CREATE DOMAIN label AS text;
CREATE DOMAIN short_label AS varchar(20);
CREATE DOMAIN stamped AS timestamptz DEFAULT clock_timestamp();
CREATE DOMAIN zero AS int DEFAULT 0;
CREATE SEQUENCE numbers;

CREATE FUNCTION unmarked() RETURNS int LANGUAGE sql AS 'SELECT 7';
CREATE FUNCTION steady() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 7';
CREATE FUNCTION seldom() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 7; END';
CREATE FUNCTION busy() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE TABLE customers (
    id int PRIMARY KEY,
    email text NOT NULL,
    name varchar(40),
    country char(2),
    born date,
    network cidr,
    settings json,
    profile jsonb,
    tags text[],
    nicknames varchar(20)[],
    active boolean DEFAULT true,
    created timestamp NOT NULL DEFAULT now(),
    seen timestamptz(3),
    wakes time(3),
    flags bit(8),
    marks bit varying(8),
    weight real,
    parent int
);
INSERT INTO customers
SELECT i, 'c' || i || '@example.com', 'name ' || i, 'de', date '2000-01-01' + i, '10.0.0.0/8',
       '{}', '{}', '{a}', '{b}', true, now(), now(), '12:00', B'10101010', B'1010', i, 1
FROM generate_series(1, 1000) i;

CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL,
    status order_status DEFAULT 'new',
    code varchar(20),
    note text,
    total numeric(10,2),
    quantity int,
    size smallint,
    placed timestamptz NOT NULL,
    wanted timestamp,
    took interval,
    during int4range,
    reference oid,
    description text DEFAULT ''
);
INSERT INTO orders
SELECT i, i, 'paid', 'code' || i, 'note ' || i, i, i, i % 100, now(), now(), '1 day',
       int4range(i * 10, i * 10 + 5), i, ''
FROM generate_series(1, 1000) i;

CREATE TABLE items (
    order_id int NOT NULL,
    line int NOT NULL,
    article varchar(30) NOT NULL,
    amount int CHECK (amount >= 0),
    price numeric(8,2),
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders
);
INSERT INTO items SELECT i, 1, 'article ' || i, 1, 1.5 FROM generate_series(1, 1000) i;
CREATE INDEX items_article ON items (article);

-- Nothing leads here and nothing leads away.
CREATE TABLE plain (a int, b int, c text, d varchar(10), e timestamp);
INSERT INTO plain SELECT i, i, 'c' || i, 'd' || i, now() FROM generate_series(1, 1000) i;

CREATE TABLE events (id int NOT NULL, at date NOT NULL, kind varchar(10), size int)
    PARTITION BY RANGE (at);
CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_other PARTITION OF events DEFAULT;
INSERT INTO events
SELECT i, date '2023-01-01' + i, 'kind', i FROM generate_series(1, 1000) i;

CREATE TABLE regions (code text NOT NULL, name text) PARTITION BY LIST (code);
CREATE TABLE regions_north PARTITION OF regions FOR VALUES IN ('n');
CREATE TABLE regions_south PARTITION OF regions FOR VALUES IN ('s');
INSERT INTO regions SELECT CASE WHEN i % 2 = 0 THEN 'n' ELSE 's' END, 'r' || i
FROM generate_series(1, 1000) i;

CREATE TABLE animals (name text, legs int);
CREATE TABLE dogs (breed text) INHERITS (animals);
INSERT INTO animals SELECT 'a' || i, 4 FROM generate_series(1, 1000) i;
INSERT INTO dogs SELECT 'd' || i, 4, 'mixed' FROM generate_series(1, 1000) i;

CREATE TABLE sales (id int PRIMARY KEY, day date, amount numeric);
INSERT INTO sales SELECT i, date '2024-01-01' + i % 30, i FROM generate_series(1, 1000) i;
CREATE VIEW sales_open AS SELECT id, amount FROM sales;
CREATE MATERIALIZED VIEW sales_by_day AS SELECT day, sum(amount) AS amount FROM sales GROUP BY day;
CREATE UNIQUE INDEX sales_by_day_day ON sales_by_day (day);

CREATE TABLE places OF address;
INSERT INTO places SELECT 's' || i, 'c' FROM generate_series(1, 1000) i;
CREATE TABLE ratings (stars positive, title label, short short_label);
INSERT INTO ratings SELECT 1, 't', 's' FROM generate_series(1, 1000) i;
CREATE UNLOGGED TABLE sessions (id int, data text);
INSERT INTO sessions SELECT i, 'd' FROM generate_series(1, 1000) i;
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
