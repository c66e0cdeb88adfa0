-- What the server itself finds wrong, for as long as it is, in the order it was found: of a silent device one row and no index.
CREATE TABLE server_alerts (
  tenant_id TEXT NOT NULL,
  raised_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  -- What it is about: a device, a deployment, a limit, a token, a receiver.
  object TEXT NOT NULL,
  level TEXT NOT NULL,
  text TEXT NOT NULL,
  -- JSON: who has seen it, when, and a note.
  acknowledged TEXT,
  PRIMARY KEY (tenant_id, raised_ms, kind, object)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX server_alerts_by_object ON server_alerts (tenant_id, kind, object) WHERE kind <> 'silent';

ALTER TABLE monitor_latest ADD COLUMN acknowledged TEXT;

CREATE INDEX monitor_latest_open ON monitor_latest (tenant_id, received_ms, device_id, subject) WHERE level <> 'OK';

-- What no mails are sent about for a while: all of a column that is null.
CREATE TABLE monitor_mutes (
  tenant_id TEXT NOT NULL,
  mute_id TEXT NOT NULL,
  device_id TEXT,
  group_name TEXT,
  subject TEXT,
  until_ms INTEGER,
  reason TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, mute_id)
) STRICT, WITHOUT ROWID;

-- When an alert is raised, and whom it is told: for devices of a group, or for all where the name is empty.
CREATE TABLE monitor_rules (
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  group_name TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  mail INTEGER NOT NULL,
  level TEXT NOT NULL,
  threshold INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, kind, group_name)
) STRICT, WITHOUT ROWID;

-- Where the server looks for trouble.
CREATE INDEX user_tokens_ending ON user_tokens (tenant_id, expires_ms) WHERE name IS NOT NULL AND expires_ms IS NOT NULL;

CREATE INDEX device_configurations_apart ON device_configurations (tenant_id, updated_ms)
WHERE configured <> reported AND reported_ms IS NOT NULL;
