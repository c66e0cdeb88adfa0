-- Bodies of creations to use again.
CREATE TABLE deployment_templates (
  tenant_id TEXT NOT NULL,
  template_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON, as it was sent.
  body TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, template_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX deployment_templates_by_name ON deployment_templates (tenant_id, name);

-- When devices may begin where a deployment says nothing itself: JSON, of the tenant and of a group.
ALTER TABLE deployment_settings ADD COLUMN windows TEXT;

CREATE TABLE deployment_group_windows (
  tenant_id TEXT NOT NULL,
  group_name TEXT NOT NULL,
  windows TEXT NOT NULL,
  PRIMARY KEY (tenant_id, group_name)
) STRICT, WITHOUT ROWID;
