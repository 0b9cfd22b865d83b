-- The biggest tables are clean: :giants tables of :giant_rows rows that were vacuumed and
-- analyzed. The dead rows sit in :middle tables of :middle_rows rows and :tables small ones:
-- a fifth of the rows updated, a tenth deleted.
\set QUIET on
SET bench.giants = :giants;
SET bench.giant_rows = :giant_rows;
SET bench.middle = :middle;
SET bench.middle_rows = :middle_rows;
SET bench.tables = :tables;
CREATE SCHEMA app;
CREATE TEMPORARY TABLE texts AS
SELECT row_number() OVER (ORDER BY hashtext(description)) - 1 AS number, description
  FROM (SELECT DISTINCT description FROM pg_description WHERE length(description) > 20) AS d;
CREATE PROCEDURE app.make(kind text, number int, rows int)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE app.%s_%s (id bigint PRIMARY KEY, customer int NOT NULL,
                                            placed timestamptz NOT NULL, reference uuid,
                                            note text)', kind, number);
    EXECUTE format('INSERT INTO app.%s_%s
                    SELECT n, hashint8(n) %% 200000, timestamptz ''2024-01-01'' +
                           n * interval ''11 seconds'', md5(n::text)::uuid,
                           a.description || ''; '' || b.description
                      FROM generate_series(1::bigint, %s) AS n
                      JOIN texts AS a ON a.number = abs(hashint8(n)::bigint) %% %s
                      JOIN texts AS b ON b.number = abs(hashint8extended(n, 1) / 2) %% %4$s',
                   kind, number, rows, (SELECT count(*) FROM texts));
    EXECUTE format('CREATE INDEX ON app.%s_%s (customer)', kind, number);
    EXECUTE format('CREATE INDEX ON app.%s_%s (placed)', kind, number);
    COMMIT;
END $$;
CREATE PROCEDURE app.spoil(kind text, number int)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE app.%s_%s SET customer = customer + 1 WHERE hashint8(id) %% 5 = 0',
                   kind, number);
    EXECUTE format('DELETE FROM app.%s_%s WHERE hashint8(id) %% 10 = 1', kind, number);
    COMMIT;
END $$;
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.giants')::int LOOP
        CALL app.make('giant', i, current_setting('bench.giant_rows')::int);
    END LOOP;
    FOR i IN 1 .. current_setting('bench.middle')::int LOOP
        CALL app.make('middle', i, current_setting('bench.middle_rows')::int);
    END LOOP;
    FOR i IN 1 .. current_setting('bench.tables')::int LOOP
        CALL app.make('small', i, 500);
    END LOOP;
END $$;
-- A session hands in its counts at its end: after ANALYZE they would look like new changes.
\connect -
VACUUM (ANALYZE);
\connect -
SET bench.middle = :middle;
SET bench.tables = :tables;
DO $$
BEGIN
    FOR i IN 1 .. current_setting('bench.middle')::int LOOP
        CALL app.spoil('middle', i);
    END LOOP;
    FOR i IN 1 .. current_setting('bench.tables')::int LOOP
        CALL app.spoil('small', i);
    END LOOP;
END $$;
\ir later.sql
