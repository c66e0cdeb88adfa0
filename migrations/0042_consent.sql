-- What a tenant lets happen only by consent.
CREATE TABLE consent_settings (
  tenant_id TEXT PRIMARY KEY,
  remote_access INTEGER NOT NULL,
  support_access INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who was given access, to what and until when.
CREATE TABLE access_grants (
  tenant_id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- Nobody in particular for support access.
  user_id TEXT NOT NULL,
  user_email TEXT NOT NULL,
  -- A JSON list; the devices of the group come on top.
  device_ids TEXT NOT NULL,
  group_name TEXT,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  asked_by TEXT NOT NULL,
  asked_ms INTEGER NOT NULL,
  decided_by TEXT,
  decided_ms INTEGER,
  PRIMARY KEY (tenant_id, grant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX access_grants_by_end ON access_grants (tenant_id, kind, status, until_ms);
