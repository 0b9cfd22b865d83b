-- case: int to bigint
ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;
-- case: key to bigint, referenced
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
-- case: smallint to int
ALTER TABLE orders ALTER size SET DATA TYPE int;
-- case: varchar wider
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
-- case: varchar to text
ALTER TABLE orders ALTER COLUMN code TYPE text;
-- case: varchar without limit
ALTER TABLE orders ALTER COLUMN code TYPE varchar;
-- case: varchar narrower
ALTER TABLE orders ALTER COLUMN code TYPE varchar(15);
-- case: text to varchar
ALTER TABLE orders ALTER COLUMN note TYPE varchar;
-- case: text to varchar with limit
ALTER TABLE orders ALTER COLUMN note TYPE varchar(100);
-- case: char wider
ALTER TABLE customers ALTER COLUMN country TYPE char(4);
-- case: char to text
ALTER TABLE customers ALTER COLUMN country TYPE text;
-- case: text to bpchar
ALTER TABLE orders ALTER COLUMN note TYPE bpchar;
-- case: numeric wider
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2);
-- case: numeric other scale
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,4);
-- case: numeric narrower
ALTER TABLE orders ALTER COLUMN total TYPE numeric(8,2);
-- case: numeric without limit
ALTER TABLE orders ALTER COLUMN total TYPE numeric;
-- case: numeric to double precision
ALTER TABLE orders ALTER COLUMN total TYPE double precision;
-- case: int to numeric
ALTER TABLE orders ALTER COLUMN quantity TYPE numeric(20);
-- case: timestamp to timestamptz in UTC
ALTER TABLE orders ALTER COLUMN wanted TYPE timestamptz;
-- case: timestamp to timestamptz elsewhere zone=Europe/Berlin
ALTER TABLE orders ALTER COLUMN wanted TYPE timestamptz;
-- case: timestamptz to timestamp in UTC
ALTER TABLE orders ALTER COLUMN placed TYPE timestamp;
-- case: timestamptz to timestamp elsewhere zone=America/New_York
ALTER TABLE orders ALTER COLUMN placed TYPE timestamp without time zone;
-- case: at time zone
ALTER TABLE orders ALTER COLUMN wanted TYPE timestamptz USING wanted AT TIME ZONE 'UTC';
-- case: timestamptz more precise
ALTER TABLE customers ALTER COLUMN seen TYPE timestamptz;
-- case: timestamptz(3) to (6)
ALTER TABLE customers ALTER COLUMN seen TYPE timestamptz(6);
-- case: timestamptz less precise
ALTER TABLE orders ALTER COLUMN placed TYPE timestamptz(3);
-- case: time more precise
ALTER TABLE customers ALTER COLUMN wakes TYPE time(6);
-- case: timestamp to date
ALTER TABLE orders ALTER COLUMN wanted TYPE date;
-- case: date to timestamp
ALTER TABLE customers ALTER COLUMN born TYPE timestamp;
-- case: interval with precision
ALTER TABLE orders ALTER COLUMN took TYPE interval(3);
-- case: interval with all the precision there is
ALTER TABLE orders ALTER COLUMN took TYPE interval(6);
-- case: bits
ALTER TABLE customers ALTER COLUMN flags TYPE bit(16) USING flags::bit(16);
-- case: varying bits wider
ALTER TABLE customers ALTER COLUMN marks TYPE bit varying(16);
-- case: bits to varying bits
ALTER TABLE customers ALTER COLUMN flags TYPE bit varying;
-- case: json to jsonb
ALTER TABLE customers ALTER COLUMN settings TYPE jsonb;
-- case: jsonb to text
ALTER TABLE customers ALTER COLUMN profile TYPE text;
-- case: json to text
ALTER TABLE customers ALTER COLUMN settings TYPE text;
-- case: text to uuid by way of a cast
ALTER TABLE plain ALTER COLUMN c TYPE uuid USING md5(c)::uuid;
-- case: enum to text
ALTER TABLE orders ALTER COLUMN status DROP DEFAULT, ALTER COLUMN status TYPE text;
-- case: text to enum
ALTER TABLE plain ALTER COLUMN c TYPE order_status USING 'new';
-- case: cidr to inet
ALTER TABLE customers ALTER COLUMN network TYPE inet;
-- case: int to oid
ALTER TABLE orders ALTER COLUMN quantity TYPE oid;
-- case: oid to int
ALTER TABLE orders ALTER COLUMN reference TYPE int;
-- case: oid to bigint
ALTER TABLE orders ALTER COLUMN reference TYPE bigint;
-- case: real to double precision
ALTER TABLE customers ALTER COLUMN weight TYPE double precision;
-- case: boolean to int
ALTER TABLE customers ALTER COLUMN active DROP DEFAULT, ALTER COLUMN active TYPE int USING active::int;
-- case: same type
ALTER TABLE orders ALTER COLUMN quantity TYPE int;
-- case: same type by another name
ALTER TABLE orders ALTER COLUMN code TYPE character varying(20);
-- case: same type using itself
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40) USING code;
-- case: using a cast to the new type
ALTER TABLE orders ALTER COLUMN code TYPE text USING code::text;
-- case: same type using something else
ALTER TABLE orders ALTER COLUMN quantity TYPE int USING quantity + 1;
-- case: using coalesce
ALTER TABLE orders ALTER COLUMN note TYPE text USING coalesce(note, '');
-- case: domain to its base
ALTER TABLE ratings ALTER COLUMN stars TYPE int;
-- case: base to a constrained domain
ALTER TABLE orders ALTER COLUMN quantity TYPE positive;
-- case: base to a domain without constraint
ALTER TABLE orders ALTER COLUMN note TYPE label;
-- case: base to a wider domain
ALTER TABLE orders ALTER COLUMN code TYPE short_label;
-- case: text to a domain with a limit
ALTER TABLE orders ALTER COLUMN note TYPE short_label;
-- case: domain with a limit to text
ALTER TABLE ratings ALTER COLUMN short TYPE text;
-- case: array of varchar wider
ALTER TABLE customers ALTER COLUMN nicknames TYPE varchar(40)[];
-- case: array of varchar to text
ALTER TABLE customers ALTER COLUMN nicknames TYPE text[];
-- case: array of text to varchar
ALTER TABLE customers ALTER COLUMN tags TYPE varchar[];
-- case: text to array
ALTER TABLE plain ALTER COLUMN c TYPE text[] USING ARRAY[c];
-- case: indexed varchar to text
ALTER TABLE items ALTER COLUMN article TYPE text;
-- case: indexed varchar wider
ALTER TABLE items ALTER COLUMN article TYPE varchar(60);
-- case: column of an expression index
CREATE INDEX ON orders (lower(code));
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
-- case: column in the predicate of an index
CREATE INDEX ON orders (id) WHERE code <> '';
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
-- case: partial index, other column in the predicate
CREATE INDEX ON orders (code) WHERE quantity > 5;
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
-- case: index with a pattern opclass
CREATE INDEX ON orders (code varchar_pattern_ops);
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE text;
-- case: included column
CREATE INDEX ON orders (id) INCLUDE (code);
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE text;
-- case: numeric wider with an index
CREATE INDEX ON orders (total);
-- then:
ALTER TABLE orders ALTER COLUMN total TYPE numeric(14,2);
-- case: column of a unique constraint
ALTER TABLE orders ADD UNIQUE (code);
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(50);
-- case: column of a check
ALTER TABLE orders ADD CHECK (code <> '');
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(50);
-- case: column of a check that was never validated
ALTER TABLE orders ADD CHECK (code <> '') NOT VALID;
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(50);
-- case: other column has a check
ALTER TABLE items ALTER COLUMN article TYPE varchar(90);
-- case: column of a foreign key
CREATE TABLE codes (code varchar(20) PRIMARY KEY);
INSERT INTO codes SELECT code FROM orders;
ALTER TABLE orders ADD FOREIGN KEY (code) REFERENCES codes;
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);
-- case: column that a foreign key leads to
CREATE TABLE codes (code varchar(20) PRIMARY KEY);
INSERT INTO codes SELECT code FROM orders;
ALTER TABLE orders ADD FOREIGN KEY (code) REFERENCES codes;
-- then:
ALTER TABLE codes ALTER COLUMN code TYPE text;
-- case: int foreign key to bigint
ALTER TABLE items ALTER COLUMN order_id TYPE bigint;
-- case: collation of an indexed column
ALTER TABLE items ALTER COLUMN article TYPE varchar(30) COLLATE "C";
-- case: collation without an index
ALTER TABLE orders ALTER COLUMN note TYPE text COLLATE "C";
-- case: partitioned parent
ALTER TABLE events ALTER COLUMN size TYPE bigint;
-- case: partitioned parent, wider
ALTER TABLE events ALTER COLUMN kind TYPE varchar(20);
-- case: parent with children
ALTER TABLE animals ALTER COLUMN legs TYPE bigint;
-- case: several columns, one rewritten
ALTER TABLE orders ALTER COLUMN code TYPE text, ALTER COLUMN quantity TYPE bigint;
-- case: text to xml
ALTER TABLE plain ALTER COLUMN d TYPE "char" USING 'x';
-- case: attribute of a typed table
ALTER TYPE address ALTER ATTRIBUTE street TYPE varchar(50) CASCADE;
-- case: attribute of a typed table added
ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;
-- case: name to text
CREATE TABLE named (n name);
INSERT INTO named SELECT 'n' || i FROM generate_series(1, 1000) i;
-- then:
ALTER TABLE named ALTER COLUMN n TYPE text;
-- case: regclass to oid
CREATE TABLE classes (r regclass);
INSERT INTO classes SELECT 'orders' FROM generate_series(1, 1000);
-- then:
ALTER TABLE classes ALTER COLUMN r TYPE oid;
-- case: varchar to varchar with a default
ALTER TABLE orders ALTER COLUMN code SET DEFAULT 'x';
-- then:
ALTER TABLE orders ALTER COLUMN code TYPE varchar(80);
-- case: numeric scale below zero since=15
ALTER TABLE orders ALTER COLUMN total TYPE numeric(10,-2);
-- case: decimal is numeric
ALTER TABLE orders ALTER COLUMN total TYPE decimal(20,2);
