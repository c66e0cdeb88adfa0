CREATE TABLE device_configurations (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  configured TEXT NOT NULL DEFAULT '{}',
  reported TEXT NOT NULL DEFAULT '{}',
  deployment_id TEXT,
  updated_ms INTEGER,
  reported_ms INTEGER,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;

-- Values for all members of a group or of a saved filter, merged under a device's own.
CREATE TABLE configuration_defaults (
  tenant_id TEXT NOT NULL,
  source TEXT NOT NULL,
  source_id TEXT NOT NULL,
  configured TEXT NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, source, source_id)
) STRICT, WITHOUT ROWID;
