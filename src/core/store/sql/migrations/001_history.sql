-- The history. Times are microseconds since 1970, 0: not yet. The application id says "this is a
-- history of pgrunbook" ("pgrb" in ASCII), so that no other program's database is written to.
PRAGMA application_id = 1885827682;

CREATE TABLE run (
    id                INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    section           TEXT NOT NULL,
    verb              TEXT NOT NULL,
    target            TEXT,
    host              TEXT,
    dbname            TEXT,
    role              TEXT,
    system_identifier TEXT,
    version_num       INTEGER NOT NULL,
    command_line      TEXT,
    started_us        INTEGER NOT NULL,
    ended_us          INTEGER NOT NULL DEFAULT 0,
    deadline_us       INTEGER NOT NULL DEFAULT 0,
    -- Who did it. Boot and start time tell a process from a later one with the same number.
    os_user           TEXT,
    os_host           TEXT,
    os_boot           TEXT,
    pid               INTEGER NOT NULL,
    pid_started       INTEGER NOT NULL, -- clock ticks since boot, 0: unknown
    outcome           TEXT NOT NULL DEFAULT 'running',
    exit_code         INTEGER NOT NULL DEFAULT 0,
    error             TEXT,
    summary           TEXT -- JSON
) STRICT;

CREATE INDEX run_scope ON run (section, system_identifier, dbname, id);

CREATE TABLE step (
    run_id     INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    object     TEXT,
    sql        TEXT,
    reason     TEXT,
    lock_mode  TEXT,
    outcome    TEXT NOT NULL DEFAULT 'planned',
    detail     TEXT,
    attempts   INTEGER NOT NULL DEFAULT 0,
    started_us INTEGER NOT NULL DEFAULT 0, -- of the last attempt
    ended_us   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
    run_id  INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    schema  TEXT NOT NULL,
    name    TEXT NOT NULL,
    step    INTEGER NOT NULL, -- 0: none
    outcome TEXT NOT NULL,
    reason  TEXT,
    seconds REAL NOT NULL,
    bytes   INTEGER NOT NULL,
    before  TEXT, -- JSON
    after   TEXT, -- JSON
    PRIMARY KEY (run_id, schema, name)
) STRICT, WITHOUT ROWID;

-- The newest measurement of every object without reading all that were ever skipped.
CREATE INDEX object_done ON object (schema, name, run_id) WHERE outcome = 'done' AND seconds > 0;
