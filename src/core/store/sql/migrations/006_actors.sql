-- Who asked for a run over HTTP, and why; and what the monthly report rests on. Times are
-- microseconds since 1970.

ALTER TABLE run ADD COLUMN actor TEXT;  -- "token:NAME"; null: who ran the command line
ALTER TABLE run ADD COLUMN reason TEXT; -- in that person's words

-- What relations are called, as their last sample of sizes named them.
CREATE TABLE relation_name (
    node   INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    oid    INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    schema TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (node, oid)
) STRICT, WITHOUT ROWID;

-- What the newest report of a section found to decide on.
CREATE TABLE finding (
    node     INTEGER NOT NULL REFERENCES node (id) ON DELETE CASCADE,
    section  TEXT NOT NULL,
    number   INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    schema   TEXT NOT NULL,
    name     TEXT NOT NULL,
    relation TEXT NOT NULL,
    what     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    command  TEXT NOT NULL,
    PRIMARY KEY (node, section, number)
) STRICT, WITHOUT ROWID;
