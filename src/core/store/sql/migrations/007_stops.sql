-- Who had a run stopped over HTTP before it had ended by itself.
ALTER TABLE run ADD COLUMN stopped_by TEXT;  -- "token:NAME"; null: nobody
ALTER TABLE run ADD COLUMN stop_reason TEXT; -- in that person's words; null: none was given
ALTER TABLE run ADD COLUMN stopped_us INTEGER NOT NULL DEFAULT 0; -- since 1970, 0: never
