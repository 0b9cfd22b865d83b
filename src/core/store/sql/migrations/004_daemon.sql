-- What the daemon knows. Times are microseconds since 1970, 0: not yet.

-- The jobs as they are scheduled, and since when: turns from before that were never due.
CREATE TABLE job (
    target   TEXT NOT NULL,
    section  TEXT NOT NULL,
    schedule TEXT NOT NULL,
    zone     TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    PRIMARY KEY (target, section)
) STRICT, WITHOUT ROWID;

-- A turn: the moment a job of a target is due. The key keeps it from being done twice.
CREATE TABLE turn (
    target        TEXT NOT NULL,
    section       TEXT NOT NULL,
    turn_us       INTEGER NOT NULL,
    window_end_us INTEGER NOT NULL, -- 0: none
    started_us    INTEGER NOT NULL, -- of the first attempt
    ended_us      INTEGER NOT NULL,
    outcome       TEXT NOT NULL,    -- running and waiting are no end
    exit_code     INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    run_id        INTEGER NOT NULL, -- of the last attempt; 0: none was recorded
    reason        TEXT,
    -- The daemon that has it, as in table run.
    os_host       TEXT,
    os_boot       TEXT,
    pid           INTEGER NOT NULL,
    pid_started   INTEGER NOT NULL,
    PRIMARY KEY (target, section, turn_us)
) STRICT, WITHOUT ROWID;

CREATE INDEX turn_unfinished ON turn (target, section) WHERE ended_us = 0;

-- What happened to a target, from its beginning to its end.
CREATE TABLE event (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    target    TEXT NOT NULL, -- '': the daemon itself
    name      TEXT NOT NULL,
    severity  TEXT NOT NULL,
    opened_us INTEGER NOT NULL,
    closed_us INTEGER NOT NULL DEFAULT 0,
    message   TEXT NOT NULL,
    closing   TEXT, -- what was said at its end
    detail    TEXT, -- JSON
    run_id    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX event_open ON event (target, name) WHERE closed_us = 0;
CREATE INDEX event_target ON event (target, id);

-- What the watch saw in a minute. Minutes are since 1970, UTC.
CREATE TABLE minute (
    target             TEXT NOT NULL,
    minute             INTEGER NOT NULL,
    samples            INTEGER NOT NULL,
    missed             INTEGER NOT NULL, -- samples that should have been
    ordinary           INTEGER NOT NULL, -- slots of ordinary roles
    used_max           INTEGER NOT NULL,
    used_sum           INTEGER NOT NULL, -- of all samples
    active_max         INTEGER NOT NULL,
    idle_max           INTEGER NOT NULL,
    in_transaction_max INTEGER NOT NULL,
    waiting_max        INTEGER NOT NULL,
    query_seconds_max  REAL NOT NULL,
    PRIMARY KEY (target, minute)
) STRICT, WITHOUT ROWID;
