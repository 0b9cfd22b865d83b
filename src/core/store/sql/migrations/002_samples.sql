-- What takes a step back once it is done; null: nothing does.
ALTER TABLE step ADD COLUMN undo TEXT;

-- The run that this one takes back; null: none.
ALTER TABLE run ADD COLUMN undoes INTEGER REFERENCES run (id) ON DELETE SET NULL;
CREATE INDEX run_undoes ON run (undoes) WHERE undoes IS NOT NULL;

-- Samples: what was seen of relations over time. Times are microseconds since 1970, 0: never.
-- A week is the number of Mondays since 1970, UTC; the first one (0) began before.

-- A database on one node of a cluster.
CREATE TABLE node (
    id                INTEGER PRIMARY KEY,
    system_identifier TEXT NOT NULL,
    dbname            TEXT NOT NULL,
    name              TEXT NOT NULL, -- '': the primary
    first_us          INTEGER NOT NULL DEFAULT 0, -- samples of index use
    last_us           INTEGER NOT NULL DEFAULT 0,
    samples           INTEGER NOT NULL DEFAULT 0,
    stats_reset_us    INTEGER NOT NULL DEFAULT 0,
    sized_us          INTEGER NOT NULL DEFAULT 0, -- the last sample of sizes
    UNIQUE (system_identifier, dbname, name)
) STRICT;

CREATE TABLE index_use (
    node          INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    oid           INTEGER NOT NULL,
    scans         INTEGER NOT NULL,
    quiet_us      INTEGER NOT NULL,
    quiet_samples INTEGER NOT NULL,
    reset         INTEGER NOT NULL, -- 0 or 1
    PRIMARY KEY (node, oid)
) STRICT, WITHOUT ROWID;

-- The days on which sizes were sampled: they say how long an unchanged size is known to have been
-- what it is.
CREATE TABLE size_day (
    node  INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    day   INTEGER NOT NULL, -- since 1970, UTC
    at_us INTEGER NOT NULL, -- the last sample of the day
    PRIMARY KEY (node, day)
) STRICT, WITHOUT ROWID;

-- The newest size, and the best one since the last build. Written when it changes, and now and
-- then to say that the relation is still there.
CREATE TABLE relation (
    node       INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    oid        INTEGER NOT NULL,
    seen_week  INTEGER NOT NULL,
    filenode   INTEGER NOT NULL,
    at_us      INTEGER NOT NULL, -- first seen so
    bytes      INTEGER NOT NULL,
    rows       REAL NOT NULL,    -- below 0: not known
    best_us    INTEGER NOT NULL, -- 0: none, no row was ever seen
    best_bytes INTEGER NOT NULL,
    best_rows  REAL NOT NULL,
    PRIMARY KEY (node, oid)
) STRICT, WITHOUT ROWID;

-- The last size of each earlier week in which it changed.
CREATE TABLE relation_week (
    node     INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    oid      INTEGER NOT NULL,
    week     INTEGER NOT NULL,
    filenode INTEGER NOT NULL,
    at_us    INTEGER NOT NULL, -- first seen so
    bytes    INTEGER NOT NULL,
    rows     REAL NOT NULL,
    PRIMARY KEY (node, oid, week)
) STRICT, WITHOUT ROWID;
