-- Copies of tenants on their way into the bucket, and those that are kept there for a while.
CREATE TABLE tenant_exports (
  tenant_id TEXT NOT NULL,
  export_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  objects TEXT NOT NULL CHECK (objects IN ('included', 'referenced')),
  asked_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  -- Whoever works on it has it until then.
  leased_ms INTEGER NOT NULL DEFAULT 0,
  multipart_id TEXT,
  -- Parts that are in the bucket.
  parts INTEGER NOT NULL DEFAULT 0,
  -- Where the next part begins, as JSON.
  position TEXT NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  failure TEXT,
  PRIMARY KEY (tenant_id, export_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tenant_exports_by_expiry ON tenant_exports (expires_ms);

CREATE TABLE tenant_export_parts (
  tenant_id TEXT NOT NULL,
  export_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  etag TEXT NOT NULL,
  PRIMARY KEY (tenant_id, export_id, part),
  FOREIGN KEY (tenant_id, export_id) REFERENCES tenant_exports (tenant_id, export_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
