-- Each entry gets its place in the log of its tenant in the transaction that makes it. Entries of an earlier version have none.
ALTER TABLE audit_log ADD COLUMN position INTEGER;

CREATE UNIQUE INDEX audit_log_position ON audit_log (tenant_id, position);

-- What each place held when it was sealed: hash n is made of hash n - 1 and entry n.
CREATE TABLE audit_seals (
  tenant_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

-- How far a log is sealed and what it begins with. `signature` is over all columns before it.
CREATE TABLE audit_chains (
  tenant_id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  hash TEXT NOT NULL,
  begun_ms INTEGER NOT NULL,
  unchained INTEGER NOT NULL,
  anchor_position INTEGER NOT NULL,
  anchor_hash TEXT NOT NULL,
  signature TEXT NOT NULL,
  sealed_ms INTEGER NOT NULL,
  checkpoint_position INTEGER NOT NULL DEFAULT 0,
  checkpoint_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
