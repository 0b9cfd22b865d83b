-- case: set not null
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- case: set not null, proved by a check
ALTER TABLE orders ADD CONSTRAINT note_there CHECK (note IS NOT NULL);
-- then:
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- case: set not null, check never validated
ALTER TABLE orders ADD CONSTRAINT note_there CHECK (note IS NOT NULL) NOT VALID;
-- then:
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- case: set not null, check validated later
ALTER TABLE orders ADD CONSTRAINT note_there CHECK (note IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT note_there;
-- then:
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- case: set not null, proved by part of a check
ALTER TABLE orders ADD CHECK (quantity IS NOT NULL AND quantity > 0);
-- then:
ALTER TABLE orders ALTER COLUMN quantity SET NOT NULL;
-- case: set not null, another check does not prove it
ALTER TABLE orders ADD CHECK (quantity > 0);
-- then:
ALTER TABLE orders ALTER COLUMN quantity SET NOT NULL;
-- case: set not null, either one or the other proves nothing
ALTER TABLE orders ADD CHECK (quantity IS NOT NULL OR note IS NOT NULL);
-- then:
ALTER TABLE orders ALTER COLUMN quantity SET NOT NULL;
-- case: set not null, proved for another column
ALTER TABLE orders ADD CHECK (note IS NOT NULL);
-- then:
ALTER TABLE orders ALTER COLUMN quantity SET NOT NULL;
-- case: set not null where it is so
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
-- case: set not null on the key
ALTER TABLE orders ALTER COLUMN id SET NOT NULL;
-- case: set not null for two
ALTER TABLE orders ALTER COLUMN note SET NOT NULL, ALTER COLUMN quantity SET NOT NULL;
-- case: set not null for two, one of them proved
ALTER TABLE orders ADD CHECK (note IS NOT NULL);
-- then:
ALTER TABLE orders ALTER COLUMN note SET NOT NULL, ALTER COLUMN quantity SET NOT NULL;
-- case: set not null on a partitioned table
ALTER TABLE events ALTER COLUMN size SET NOT NULL;
-- case: set not null with a default
ALTER TABLE orders ALTER note SET DEFAULT '', ALTER note SET NOT NULL;
-- case: the whole recipe in one transaction
ALTER TABLE orders ADD CONSTRAINT note_there CHECK (note IS NOT NULL) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT note_there;
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT note_there;
-- case: drop not null
ALTER TABLE orders ALTER COLUMN customer_id DROP NOT NULL;
-- case: check
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0);
-- case: check not valid
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0) NOT VALID;
-- case: check not enforced since=18
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0) NOT ENFORCED;
-- case: check without a name
ALTER TABLE orders ADD CHECK (total >= 0);
-- case: check on one table of a tree
ALTER TABLE ONLY animals ADD CHECK (legs > 0) NO INHERIT;
-- case: check on a tree
ALTER TABLE animals ADD CONSTRAINT some_legs CHECK (legs > 0);
-- case: check on a partitioned table
ALTER TABLE events ADD CHECK (size >= 0);
-- case: check validated
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0) NOT VALID;
-- then:
ALTER TABLE orders VALIDATE CONSTRAINT quantity_positive;
-- case: check validated where it was added
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT quantity_positive;
-- case: validated again
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0);
-- then:
ALTER TABLE orders VALIDATE CONSTRAINT quantity_positive;
-- case: added not valid and validated in one statement
ALTER TABLE orders ADD CONSTRAINT quantity_positive CHECK (quantity > 0) NOT VALID, VALIDATE CONSTRAINT quantity_positive;
-- case: column and check on it
ALTER TABLE orders ADD COLUMN a int, ADD CONSTRAINT a_positive CHECK (a > 0);
-- case: column and check on it, not valid
ALTER TABLE orders ADD COLUMN a int, ADD CONSTRAINT a_positive CHECK (a > 0) NOT VALID;
-- case: foreign key
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id);
-- case: foreign key not valid
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- case: foreign key not enforced since=18
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers NOT ENFORCED;
-- case: foreign key validated
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
-- then:
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer;
-- case: foreign key validated where it was added
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer;
-- case: foreign key to itself
ALTER TABLE customers ADD FOREIGN KEY (parent) REFERENCES customers DEFERRABLE INITIALLY DEFERRED;
-- case: foreign key of a partitioned table
ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES orders;
-- case: foreign key of a new table
CREATE TABLE fresh (id int PRIMARY KEY, order_id int REFERENCES orders);
-- case: foreign key added to a new table
CREATE TABLE fresh (id int PRIMARY KEY, order_id int);
ALTER TABLE fresh ADD FOREIGN KEY (order_id) REFERENCES orders;
-- case: foreign key to a new table
CREATE TABLE fresh (id int PRIMARY KEY);
INSERT INTO fresh SELECT generate_series(1, 1000);
ALTER TABLE orders ADD FOREIGN KEY (quantity) REFERENCES fresh;
-- case: unique
ALTER TABLE orders ADD CONSTRAINT orders_code UNIQUE (code);
-- case: unique of nulls since=15
ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (code);
-- case: unique with an index built before
CREATE UNIQUE INDEX orders_code ON orders (code);
-- then:
ALTER TABLE orders ADD CONSTRAINT orders_code_unique UNIQUE USING INDEX orders_code;
-- case: unique with an index built in the same file
CREATE UNIQUE INDEX orders_code ON orders (code);
ALTER TABLE orders ADD UNIQUE USING INDEX orders_code;
-- case: primary key
ALTER TABLE plain ADD PRIMARY KEY (a);
-- case: primary key of a column that is not null
ALTER TABLE plain ALTER a SET NOT NULL;
-- then:
ALTER TABLE plain ADD PRIMARY KEY (a);
-- case: primary key with an index, nullable
CREATE UNIQUE INDEX plain_a ON plain (a);
-- then:
ALTER TABLE plain ADD PRIMARY KEY USING INDEX plain_a;
-- case: primary key with an index, not null
CREATE UNIQUE INDEX plain_a ON plain (a);
ALTER TABLE plain ALTER a SET NOT NULL;
-- then:
ALTER TABLE plain ADD CONSTRAINT plain_pkey PRIMARY KEY USING INDEX plain_a;
-- case: primary key with an index, nullable but proved
CREATE UNIQUE INDEX plain_a ON plain (a);
ALTER TABLE plain ADD CHECK (a IS NOT NULL);
-- then:
ALTER TABLE plain ADD PRIMARY KEY USING INDEX plain_a;
-- case: primary key replaced by an index built before
CREATE UNIQUE INDEX orders_new_key ON orders (id);
ALTER TABLE items DROP CONSTRAINT items_order_id_fkey;
-- then:
ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_new_key;
-- case: primary key of a partitioned table
ALTER TABLE events ADD PRIMARY KEY (id, at);
-- case: unique of a partitioned table
ALTER TABLE regions ADD UNIQUE (code, name);
-- case: exclusion
ALTER TABLE orders ADD EXCLUDE USING gist (during WITH &&);
-- case: exclusion by equality
ALTER TABLE orders ADD CONSTRAINT only_one EXCLUDE USING btree (code WITH =);
-- case: deferrable
ALTER TABLE items ALTER CONSTRAINT items_order_id_fkey DEFERRABLE INITIALLY DEFERRED;
-- case: not enforced later since=18
ALTER TABLE items ALTER CONSTRAINT items_order_id_fkey NOT ENFORCED;
-- case: enforced again since=18
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers NOT ENFORCED;
-- then:
ALTER TABLE orders ALTER CONSTRAINT orders_customer ENFORCED;
-- case: not null by name since=18
ALTER TABLE orders ADD CONSTRAINT note_there NOT NULL note;
-- case: not null by name, not valid since=18
ALTER TABLE orders ADD CONSTRAINT note_there NOT NULL note NOT VALID;
-- case: not null by name, validated since=18
ALTER TABLE orders ADD CONSTRAINT note_there NOT NULL note NOT VALID;
-- then:
ALTER TABLE orders VALIDATE CONSTRAINT note_there;
-- case: set not null over one that is not valid since=18
ALTER TABLE orders ADD CONSTRAINT note_there NOT NULL note NOT VALID;
-- then:
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- case: without overlaps since=18
ALTER TABLE orders ALTER during SET NOT NULL, ADD span int4range;
UPDATE orders SET span = during;
-- then:
ALTER TABLE orders ADD UNIQUE (span, during WITHOUT OVERLAPS);
-- case: drop check
ALTER TABLE items DROP CONSTRAINT items_amount_check;
-- case: drop foreign key
ALTER TABLE items DROP CONSTRAINT items_order_id_fkey;
-- case: drop primary key
ALTER TABLE sales DROP CONSTRAINT sales_pkey;
-- case: drop primary key and what leads to it
ALTER TABLE orders DROP CONSTRAINT orders_pkey CASCADE;
-- case: drop constraint that is not there
ALTER TABLE orders DROP CONSTRAINT IF EXISTS no_such_constraint;
-- case: rename constraint
ALTER TABLE items RENAME CONSTRAINT items_amount_check TO amount_not_negative;
-- case: domain constraint
ALTER DOMAIN label ADD CONSTRAINT short_enough CHECK (length(VALUE) < 100);
-- case: domain constraint not valid
ALTER DOMAIN label ADD CONSTRAINT short_enough CHECK (length(VALUE) < 100) NOT VALID;
-- case: domain constraint validated
ALTER DOMAIN label ADD CONSTRAINT short_enough CHECK (length(VALUE) < 100) NOT VALID;
-- then:
ALTER DOMAIN label VALIDATE CONSTRAINT short_enough;
-- case: domain not null
ALTER DOMAIN label SET NOT NULL;
-- case: domain that no table uses
ALTER DOMAIN zero ADD CHECK (VALUE < 100);
-- case: domain default
ALTER DOMAIN label SET DEFAULT 'x';
-- case: domain constraint dropped
ALTER DOMAIN positive DROP CONSTRAINT positive_check;
-- case: domain drop not null
ALTER DOMAIN filled DROP NOT NULL;
