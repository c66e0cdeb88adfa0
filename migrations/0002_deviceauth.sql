CREATE TABLE devices (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  identity_hash TEXT NOT NULL,
  identity TEXT NOT NULL,
  status TEXT NOT NULL,
  revision INTEGER NOT NULL,
  decommissioning INTEGER NOT NULL DEFAULT 0,
  tier TEXT NOT NULL DEFAULT 'standard',
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX devices_by_identity ON devices (tenant_id, identity_hash);

CREATE INDEX devices_by_status ON devices (tenant_id, status, device_id);

CREATE TABLE auth_sets (
  tenant_id TEXT NOT NULL,
  auth_set_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  pubkey TEXT NOT NULL,
  status TEXT NOT NULL,
  tier TEXT NOT NULL DEFAULT 'standard',
  -- Tokens issued in or before this second are dead.
  tokens_revoked_s INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, auth_set_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX auth_sets_by_device ON auth_sets (tenant_id, device_id, key_hash);
