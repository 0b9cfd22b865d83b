-- Indexes that a run builds or rebuilds concurrently, from before the statement until nothing
-- invalid is left of it. A row of a run that is over names what the next run has to drop.
CREATE TABLE build (
    run_id    INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    step      INTEGER NOT NULL,
    schema    TEXT NOT NULL,
    name      TEXT NOT NULL,
    table_oid INTEGER NOT NULL,
    index_oid INTEGER NOT NULL, -- that is rebuilt; 0: none, it is a new one
    before    TEXT NOT NULL,    -- "{1,2}": invalid indexes that were on the table before
    built     TEXT NOT NULL,    -- the same: indexes that were seen being built
    unseen    INTEGER NOT NULL, -- attempts whose index was not seen
    PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;
