-- Archives of tenants that are brought in. Kept in the directory.
CREATE TABLE tenant_imports (
  import_id TEXT PRIMARY KEY,
  step TEXT NOT NULL,
  archive TEXT NOT NULL,
  -- 1 if the archive was sent for this import, and goes with it.
  is_sent INTEGER NOT NULL,
  size INTEGER NOT NULL,
  etag TEXT,
  multipart_id TEXT,
  -- Whose the archive is, from when nobody else can become this tenant.
  tenant TEXT,
  home TEXT,
  jurisdiction TEXT,
  -- JSON: how far it is.
  position TEXT NOT NULL,
  failure TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  leased_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_imports_open ON tenant_imports (import_id) WHERE ended_ms IS NULL;
CREATE UNIQUE INDEX tenant_imports_of_tenant ON tenant_imports (tenant) WHERE ended_ms IS NULL;

CREATE TABLE tenant_import_parts (
  import_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (import_id, part),
  FOREIGN KEY (import_id) REFERENCES tenant_imports (import_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
