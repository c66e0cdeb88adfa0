-- Tenants that are put back to what they were at a time. Kept in the tenant's home.
CREATE TABLE tenant_restores (
  tenant_id TEXT NOT NULL,
  restore_id TEXT NOT NULL,
  step TEXT NOT NULL,
  -- 1 while nothing is written: it is only told what would be.
  dry_run INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  -- Of the last change that is brought back, and where the journal ended then.
  cut_ms INTEGER,
  -- JSON: how far it is, and what it has found.
  position TEXT NOT NULL,
  -- Grows with everything that is written down here: who is late has no effect.
  turn INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  -- When writing ended for others, and when it went on.
  paused_ms INTEGER,
  resumed_ms INTEGER,
  ended_ms INTEGER,
  leased_ms INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  failure TEXT,
  PRIMARY KEY (tenant_id, restore_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX tenant_restores_open ON tenant_restores (tenant_id) WHERE ended_ms IS NULL;

-- What there was at that time: the rows of a subject of the journal by its key.
CREATE TABLE restore_rows (
  tenant_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  -- JSON: the values of the key.
  key TEXT NOT NULL,
  -- JSON: rows by table.
  image TEXT NOT NULL,
  -- Hash of the identity of a device.
  identity_hash TEXT,
  PRIMARY KEY (tenant_id, subject, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX restore_rows_by_identity ON restore_rows (tenant_id, identity_hash) WHERE identity_hash IS NOT NULL;
