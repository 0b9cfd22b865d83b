-- The application goes on: a hundred transactions elsewhere between the damage and its repair.
CREATE TABLE app.heartbeat (beat timestamptz);
DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        INSERT INTO app.heartbeat VALUES (clock_timestamp());
        COMMIT;
    END LOOP;
END $$;
\connect -
VACUUM (ANALYZE) app.heartbeat;
