-- :tables small tables with three indexes each, vacuumed and analyzed; every hundredth has a
-- duplicate index, every tenth has lost half of its rows since.
\set QUIET on
SET bench.tables = :tables;
CREATE SCHEMA app;
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.tables')::int LOOP
        EXECUTE format('CREATE TABLE app.entry_%s (id bigint PRIMARY KEY, name text NOT NULL,
                                                   amount numeric, seen timestamptz)', i);
        EXECUTE format('INSERT INTO app.entry_%s
                        SELECT n, md5(n::text), n %% 977, timestamptz ''2026-01-01'' +
                               n * interval ''1 minute'' FROM generate_series(1, 100) AS n', i);
        EXECUTE format('CREATE INDEX ON app.entry_%s (name)', i);
        EXECUTE format('CREATE INDEX ON app.entry_%s (seen, amount)', i);
        IF i % 100 = 0 THEN
            EXECUTE format('CREATE INDEX ON app.entry_%s (name)', i);
        END IF;
        IF i % 10 = 0 THEN
            EXECUTE format('DELETE FROM app.entry_%s WHERE id %% 2 = 0', i);
        END IF;
        IF i % 200 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
\connect -
VACUUM (ANALYZE);
