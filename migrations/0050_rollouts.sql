-- Rollouts: phases, dynamic deployments, retries, pace, budgets and windows.
ALTER TABLE deployments ADD COLUMN filter TEXT;
ALTER TABLE deployments ADD COLUMN uniform_phases TEXT;
ALTER TABLE deployments ADD COLUMN initial_devices INTEGER;
ALTER TABLE deployments ADD COLUMN autogenerate_delta INTEGER;
-- The extension object as it was asked for; null for clients that do not know it.
ALTER TABLE deployments ADD COLUMN rollout TEXT;
ALTER TABLE deployments ADD COLUMN created_by TEXT;

-- 1 if more than the opening decides who may join: a row of deployment_rules and at least one of deployment_phases.
ALTER TABLE deployment_counters ADD COLUMN governed INTEGER NOT NULL DEFAULT 0;
-- 1 if devices are found when they ask; max_devices is then a bound, and 0 for none.
ALTER TABLE deployment_counters ADD COLUMN dynamic INTEGER NOT NULL DEFAULT 0;
-- Devices that took a place; decides what phase is next.
ALTER TABLE deployment_counters ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN paused_ms INTEGER;
-- Who paused it or what stopped it, as JSON.
ALTER TABLE deployment_counters ADD COLUMN paused_by TEXT;
-- Joins of one minute, counted from the epoch.
ALTER TABLE deployment_counters ADD COLUMN pace_minute INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN pace_count INTEGER NOT NULL DEFAULT 0;

ALTER TABLE device_deployments ADD COLUMN phase INTEGER;
-- Value of the attribute whose devices share a budget.
ALTER TABLE device_deployments ADD COLUMN budget_value TEXT;
-- 1 from a failed attempt with others left until the device asks again.
ALTER TABLE device_deployments ADD COLUMN awaits_retry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device_deployments ADD COLUMN rebooted INTEGER NOT NULL DEFAULT 0;

CREATE INDEX device_deployments_budget ON device_deployments (tenant_id, seq, budget_value)
  WHERE active = 1 AND budget_value IS NOT NULL;

-- What the statement that joins a device has to look at.
CREATE TABLE deployment_rules (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  -- An odd number that makes the order of the devices; 0 for the order in which they ask.
  salt INTEGER NOT NULL DEFAULT 0,
  -- JSON array of devices that come before all others.
  canaries TEXT,
  per_minute INTEGER,
  at_once INTEGER,
  -- Attribute, as a path into the stored ones or the name of a column, and how many of each value may be at it.
  budget_path TEXT,
  budget_at_once INTEGER,
  -- 1 if devices may join only while a row of deployment_windows is open.
  windowed INTEGER NOT NULL DEFAULT 0,
  zone_path TEXT,
  PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployment_phases (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  phase_id TEXT NOT NULL,
  batch_size REAL,
  batch_size_devices INTEGER,
  start_ms INTEGER,
  -- As it was sent.
  start_ts TEXT,
  -- Devices of this phase and all before it; null for everybody.
  size_to INTEGER,
  -- Joined devices at which it is full; null if places do not depend on them.
  capacity INTEGER,
  -- The greatest place in the order; null for everybody.
  threshold INTEGER,
  -- Null while it waits for something else than time. Never before that of the phase before.
  opens_ms INTEGER,
  -- What it waits for: results of the phase before, share of successes, people, time since the phase before opened.
  min_results INTEGER,
  min_success REAL,
  min_approvals INTEGER NOT NULL DEFAULT 0,
  after_ms INTEGER,
  -- JSON object from user to time.
  approvals TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, seq, phase)
) STRICT, WITHOUT ROWID;

-- Devices of governed deployments by what became of them.
CREATE TABLE deployment_tallies (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  device_type TEXT NOT NULL,
  -- 'joined', a final status, or 'failure:' and where it failed.
  outcome TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, seq, phase, device_type, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployment_stop_rules (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  rule INTEGER NOT NULL,
  -- JSON arrays; null for all.
  kinds TEXT,
  device_types TEXT,
  per_type INTEGER NOT NULL DEFAULT 0,
  min_results INTEGER NOT NULL,
  max_percent REAL,
  max_devices INTEGER,
  PRIMARY KEY (tenant_id, seq, rule)
) STRICT, WITHOUT ROWID;

-- When devices may join, for each time zone the present or the next window.
CREATE TABLE deployment_windows (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  zone TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, seq, zone)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_windows_by_end ON deployment_windows (to_ms);

CREATE TABLE deployment_settings (
  tenant_id TEXT NOT NULL,
  -- People besides the creator who have to approve a deployment before it starts.
  approvals INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
