-- Everything dirty and skewed: app.orders of :rows rows (4,500,000 are 1 GB without its four
-- indexes) and :tables small tables; a tenth of the rows of each updated, a twentieth deleted,
-- all over the table. Texts are the server's own descriptions of its functions: random letters
-- would not compress as an application's do, repeated ones too well.
\set QUIET on
SET bench.tables = :tables;
CREATE SCHEMA app;
CREATE TABLE app.orders (id bigint NOT NULL, customer int NOT NULL, placed timestamptz NOT NULL,
                         state text NOT NULL, total numeric NOT NULL, reference uuid, note text);
CREATE TEMPORARY TABLE texts AS
SELECT row_number() OVER (ORDER BY hashtext(description)) AS number, description
  FROM (SELECT DISTINCT description FROM pg_description WHERE length(description) > 20) AS d;
SELECT count(*) AS texts FROM texts \gset
INSERT INTO app.orders
SELECT n, hashint8(n) % 200000, timestamptz '2024-01-01' + n * interval '11 seconds',
       (ARRAY['new', 'paid', 'sent', 'closed'])[1 + n % 4], n % 99991 / 100.0,
       md5(n::text)::uuid, a.description || '; ' || b.description || '; ' || c.description
  FROM generate_series(1::bigint, :rows) AS n
  JOIN texts AS a ON a.number = 1 + abs(hashint8(n)::bigint) % :texts
  JOIN texts AS b ON b.number = 1 + abs(hashint8extended(n, 1) / 2) % :texts
  JOIN texts AS c ON c.number = 1 + abs(hashint8extended(n, 2) / 2) % :texts;
ALTER TABLE app.orders ADD PRIMARY KEY (id);
CREATE INDEX orders_customer ON app.orders (customer);
CREATE INDEX orders_placed ON app.orders (placed);
CREATE INDEX orders_state_placed ON app.orders (state, placed);
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.tables')::int LOOP
        EXECUTE format('CREATE TABLE app.small_%s (id bigint PRIMARY KEY, name text NOT NULL,
                                                   amount numeric)', i);
        EXECUTE format('INSERT INTO app.small_%s SELECT n, md5(n::text), n %% 977
                          FROM generate_series(1, 500 + 17 * (%1$s %% 200)) AS n', i);
        IF i % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
-- A session hands in its counts at its end: after ANALYZE they would look like new changes.
\connect -
VACUUM (ANALYZE);
\connect -
SET bench.tables = :tables;
UPDATE app.orders SET state = 'closed', total = total + 1 WHERE hashint8(id) % 10 = 0;
DELETE FROM app.orders WHERE hashint8(id) % 20 = 1;
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.tables')::int LOOP
        EXECUTE format('UPDATE app.small_%s SET amount = amount + 1 WHERE id %% 10 = 0', i);
        EXECUTE format('DELETE FROM app.small_%s WHERE id %% 20 = 1', i);
        COMMIT;
    END LOOP;
END $$;
\ir later.sql
