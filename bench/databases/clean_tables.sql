-- :tables small tables, each with a primary key, all vacuumed and analyzed; then :dirty of them
-- lose and change a third of their rows.
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
                               n * interval ''1 minute'' FROM generate_series(1, 300) AS n', i);
        IF i % 200 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$;
-- A session hands in its counts at its end: after ANALYZE they would look like new changes.
\connect -
VACUUM (ANALYZE);
\connect -
SET bench.dirty = :dirty;
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.dirty')::int LOOP
        EXECUTE format('UPDATE app.entry_%s SET amount = amount + 1 WHERE id %% 6 = 0', i);
        EXECUTE format('DELETE FROM app.entry_%s WHERE id %% 6 = 3', i);
    END LOOP;
END $$;
\ir later.sql
-- What VACUUM (ANALYZE) itself left in the catalogs.
VACUUM (ANALYZE) pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_index,
                 pg_catalog.pg_type, pg_catalog.pg_depend;
VACUUM pg_catalog.pg_statistic;
