-- A connection's version grows with every connect, so that a late goodbye of an old one changes nothing.
CREATE TABLE device_connections (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  connected INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;
