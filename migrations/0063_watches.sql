-- Devices that the judge watches together for a while: some that were updated, and others like them that were not yet.
CREATE TABLE deployment_watches (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  -- How long they are watched; devices by how long their usual silences are.
  horizon_s INTEGER NOT NULL,
  -- JSON of who is watched now; null while they are to be found.
  members TEXT,
  -- When the present watch began; while nobody is watched, since when those of the next have been updated.
  from_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, seq, horizon_s)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_watches_due ON deployment_watches (due_ms);

-- JSON array of what the bets of a measure have come to, as natural logarithms; null for one that bets on nothing.
ALTER TABLE deployment_verdicts ADD COLUMN stakes TEXT;
