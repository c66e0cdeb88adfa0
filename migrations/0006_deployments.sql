-- What an operator asked for. Never changes after it is made, except the update control map.
CREATE TABLE deployments (
  tenant_id TEXT NOT NULL,
  -- Order of creation within the tenant; never used twice, because it starts at the clock.
  seq INTEGER NOT NULL,
  deployment_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  artifact_name TEXT NOT NULL,
  force_installation INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  -- Who is targeted: 'list', 'group' or 'all'.
  scope TEXT NOT NULL,
  group_names TEXT NOT NULL DEFAULT '[]',
  -- JSON array of phases as asked for; null when everything starts at once.
  phases TEXT,
  retries INTEGER NOT NULL DEFAULT 0,
  update_control_map TEXT,
  configuration TEXT,
  -- Hash of what makes two deployments the same.
  fingerprint TEXT NOT NULL,
  idempotency_key TEXT,
  PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX deployments_by_id ON deployments (tenant_id, deployment_id);

CREATE INDEX deployments_by_artifact ON deployments (tenant_id, artifact_name);

CREATE INDEX deployments_by_name ON deployments (tenant_id, name);

CREATE INDEX deployments_by_fingerprint ON deployments (tenant_id, fingerprint);

CREATE UNIQUE INDEX deployments_by_idempotency_key ON deployments (tenant_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- What changes while a deployment runs, one row each. The thirteen columns named like statuses count the rows of
-- device_deployments; together with the two `unseen` columns they always sum to max_devices.
CREATE TABLE deployment_counters (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  -- 0 pending, 1 in progress, 2 finished.
  stage INTEGER NOT NULL DEFAULT 0,
  -- 1 while devices find themselves in deployment_targets; 0 when they were queued one by one, and when finished.
  wide_open INTEGER NOT NULL DEFAULT 0,
  -- 0 while a job still adds targets, from the device after `targeted_to` on.
  targeted INTEGER NOT NULL DEFAULT 1,
  targeted_to TEXT,
  opens_ms INTEGER NOT NULL,
  max_devices INTEGER NOT NULL,
  -- Targets without a final status.
  remaining INTEGER NOT NULL,
  -- Targets that never polled: still awaited, and given up by an abort.
  unseen INTEGER NOT NULL,
  unseen_aborted INTEGER NOT NULL DEFAULT 0,
  failure INTEGER NOT NULL DEFAULT 0,
  aborted INTEGER NOT NULL DEFAULT 0,
  pause_before_installing INTEGER NOT NULL DEFAULT 0,
  pause_before_committing INTEGER NOT NULL DEFAULT 0,
  pause_before_rebooting INTEGER NOT NULL DEFAULT 0,
  downloading INTEGER NOT NULL DEFAULT 0,
  installing INTEGER NOT NULL DEFAULT 0,
  rebooting INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0,
  noartifact INTEGER NOT NULL DEFAULT 0,
  already_installed INTEGER NOT NULL DEFAULT 0,
  decommissioned INTEGER NOT NULL DEFAULT 0,
  total_size INTEGER NOT NULL DEFAULT 0,
  finished_ms INTEGER,
  aborted_ms INTEGER,
  PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_counters_by_stage ON deployment_counters (tenant_id, stage, seq);

CREATE INDEX deployment_counters_wide ON deployment_counters (tenant_id, opens_ms, seq) WHERE wide_open = 1;

-- Targeted devices as chunks of about a thousand ids, sorted within and between chunks.
CREATE TABLE deployment_targets (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  first_id TEXT NOT NULL,
  last_id TEXT NOT NULL,
  ids TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq, first_id)
) STRICT;

-- The artifacts a deployment can hand out, as they were; outlives them for the history.
CREATE TABLE deployment_artifacts (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  artifact_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  device_types TEXT NOT NULL,
  -- Object of arrays, without device_type.
  depends TEXT NOT NULL,
  image TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq, artifact_id)
) STRICT;

-- One device in one deployment: made at its first poll, or at creation (status 0, not visible) for a small list.
CREATE TABLE device_deployments (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  status INTEGER NOT NULL,
  -- 1 while the status is not final.
  active INTEGER NOT NULL,
  opens_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  substate TEXT,
  has_log INTEGER NOT NULL DEFAULT 0,
  joined_ms INTEGER,
  started_ms INTEGER,
  finished_ms INTEGER,
  deleted_ms INTEGER,
  -- What the device said of itself at its first poll.
  device_type TEXT,
  artifact_name TEXT,
  artifact_id TEXT,
  -- What else it provided, kept only when no artifact fitted, to tell why.
  provides TEXT,
  PRIMARY KEY (tenant_id, device_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_deployments_by_status ON device_deployments (tenant_id, seq, status, device_id) WHERE status > 0;

CREATE INDEX device_deployments_active ON device_deployments (tenant_id, device_id, opens_ms, seq) WHERE active = 1;
