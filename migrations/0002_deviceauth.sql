CREATE TABLE devices (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  -- SHA-256 of the canonical identity.
  identity_hash TEXT NOT NULL,
  identity TEXT NOT NULL,
  -- The heaviest status of the device's sets.
  status TEXT NOT NULL,
  -- Counts changes of the device and its sets: the guard of every change and the order of statuses elsewhere.
  revision INTEGER NOT NULL,
  tier TEXT NOT NULL DEFAULT 'standard',
  -- 1 once it has been accepted for the first time.
  provisioned INTEGER NOT NULL DEFAULT 0,
  test_device INTEGER NOT NULL DEFAULT 0,
  -- Its name at another provider: JSON, or null.
  external TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX devices_by_identity ON devices (tenant_id, identity_hash);

CREATE INDEX devices_by_status ON devices (tenant_id, status, device_id);

CREATE INDEX devices_for_tests ON devices (tenant_id, device_id) WHERE test_device = 1;

CREATE TABLE auth_sets (
  tenant_id TEXT NOT NULL,
  auth_set_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  -- SHA-256 of the normalised key.
  key_hash TEXT NOT NULL,
  pubkey TEXT NOT NULL,
  tier TEXT NOT NULL DEFAULT 'standard',
  status TEXT NOT NULL,
  -- Tokens issued in or before this second are dead.
  tokens_revoked_s INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, auth_set_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX auth_sets_by_device ON auth_sets (tenant_id, device_id, key_hash, tier);

CREATE INDEX auth_sets_waiting ON auth_sets (tenant_id, created_ms) WHERE status = 'pending';

-- Devices by status and tier, kept by the triggers below, so that no limit or count looks at devices.
CREATE TABLE device_counts (
  tenant_id TEXT NOT NULL,
  status TEXT NOT NULL,
  tier TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, status, tier)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER devices_count_added AFTER INSERT ON devices
  BEGIN
    INSERT INTO device_counts VALUES (NEW.tenant_id, NEW.status, NEW.tier, 1)
      ON CONFLICT DO UPDATE SET devices = devices + 1;
  END;

CREATE TRIGGER devices_count_moved AFTER UPDATE OF status, tier ON devices
  WHEN NEW.status <> OLD.status OR NEW.tier <> OLD.tier
  BEGIN
    UPDATE device_counts SET devices = devices - 1
      WHERE tenant_id = OLD.tenant_id AND status = OLD.status AND tier = OLD.tier;
    INSERT INTO device_counts VALUES (NEW.tenant_id, NEW.status, NEW.tier, 1)
      ON CONFLICT DO UPDATE SET devices = devices + 1;
  END;

CREATE TRIGGER devices_count_removed AFTER DELETE ON devices
  BEGIN
    UPDATE device_counts SET devices = devices - 1
      WHERE tenant_id = OLD.tenant_id AND status = OLD.status AND tier = OLD.tier;
  END;

-- Test devices named or unnamed on a day (since 1970).
CREATE TABLE test_device_changes (
  tenant_id TEXT NOT NULL,
  day INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, day)
) STRICT, WITHOUT ROWID;

-- Whom a tenant lets in without asking.
CREATE TABLE auto_accept_rules (
  tenant_id TEXT NOT NULL,
  rule_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON object from identity attribute to pattern.
  identity TEXT NOT NULL,
  -- SHA-256 of the enrolment secret a device must send; null if none is needed.
  secret_hash TEXT,
  expires_ms INTEGER,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, rule_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE admission_settings (
  tenant_id TEXT PRIMARY KEY,
  -- How long a set waits for a decision.
  pending_life_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
