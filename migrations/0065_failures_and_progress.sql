-- What failed updates have in common: the end of their logs, with all that differs from device to device folded away.
CREATE TABLE failure_groups (
  tenant_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  -- The folded lines.
  ending TEXT NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX failure_groups_by_last ON failure_groups (tenant_id, last_ms, fingerprint);

-- How many devices of a deployment failed so, with the one that did last.
CREATE TABLE failure_counts (
  tenant_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  seq INTEGER NOT NULL,
  device_type TEXT NOT NULL,
  devices INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  sample TEXT NOT NULL,
  PRIMARY KEY (tenant_id, fingerprint, seq, device_type)
) STRICT, WITHOUT ROWID;

CREATE INDEX failure_counts_by_deployment ON failure_counts (tenant_id, seq, fingerprint);

-- The group in which the failure of the device was counted; each is once.
ALTER TABLE device_deployments ADD COLUMN failure_print TEXT;

-- How a deployment to many devices went on over time, in at most so many points whatever its size and length.
CREATE TABLE deployment_progress (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  -- JSON array of [time, begun, success, failure, ended otherwise].
  points TEXT NOT NULL DEFAULT '[]',
  -- Points are no closer; doubles when they become too many.
  step_ms INTEGER NOT NULL,
  looked_ms INTEGER NOT NULL,
  -- The last point without its time.
  begun INTEGER NOT NULL DEFAULT 0,
  ended INTEGER NOT NULL DEFAULT 0,
  -- 0 once the deployment is over and its last point is there.
  open INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX deployment_progress_open ON deployment_progress (looked_ms) WHERE open = 1;
