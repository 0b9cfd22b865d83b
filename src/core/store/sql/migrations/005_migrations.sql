-- Migrations of databases: how they behaved in rehearsal, and what was applied. Of the files, their
-- SHA-256. Times are microseconds since 1970.

CREATE TABLE rehearsal (
    id                INTEGER PRIMARY KEY,
    run_id            INTEGER NOT NULL,
    at_us             INTEGER NOT NULL,
    system_identifier TEXT NOT NULL, -- whose schema was rehearsed
    dbname            TEXT NOT NULL,
    version           TEXT NOT NULL,
    name              TEXT NOT NULL,
    hash              TEXT NOT NULL,
    schema_hash       TEXT NOT NULL, -- of the schema before it
    verdict           TEXT NOT NULL,
    detail            TEXT,
    longest_hold_ms   REAL NOT NULL,
    predicted_hold_ms REAL NOT NULL, -- below 0: none
    transactional     INTEGER NOT NULL,
    passed            INTEGER NOT NULL
) STRICT;

CREATE INDEX rehearsal_hash ON rehearsal (system_identifier, dbname, hash, at_us);

-- One direction of a migration in one run. Never forgotten: it says with which text a file was
-- applied, however long ago.
CREATE TABLE migration (
    system_identifier TEXT NOT NULL,
    dbname            TEXT NOT NULL,
    ledger            TEXT NOT NULL,    -- the version table it is kept in: its tool, schema, name
    run_id            INTEGER NOT NULL, -- 0: not ours, only seen
    version           TEXT NOT NULL,
    direction         TEXT NOT NULL,
    at_us             INTEGER NOT NULL,
    name              TEXT NOT NULL,
    hash              TEXT NOT NULL,
    outcome           TEXT NOT NULL, -- running, done, failed, seen
    longest_hold_ms   REAL NOT NULL,
    analyzed          INTEGER NOT NULL,
    forced            TEXT,          -- the reason
    PRIMARY KEY (system_identifier, dbname, ledger, run_id, version, direction)
) STRICT, WITHOUT ROWID;
