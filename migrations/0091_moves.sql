-- Tenants that are brought to another database, and how far that is. Kept in the directory.
CREATE TABLE tenant_moves (
  tenant_id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  step TEXT NOT NULL,
  -- 1 while nothing of the tenant is written.
  paused INTEGER NOT NULL,
  -- JSON: how far the copy or its check is.
  position TEXT NOT NULL,
  begun_ms INTEGER NOT NULL,
  -- When writing ended, and when it went on.
  paused_ms INTEGER,
  resumed_ms INTEGER,
  updated_ms INTEGER NOT NULL,
  leased_ms INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  failure TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_moves_open ON tenant_moves (tenant_id) WHERE step NOT IN ('done', 'failed', 'cancelled');
