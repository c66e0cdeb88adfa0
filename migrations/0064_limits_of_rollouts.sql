-- Devices that stay too long in a state, pauses between attempts, and what each value of an attribute has taken of its budget.

-- When the device came into its state.
ALTER TABLE device_deployments ADD COLUMN since_ms INTEGER;
-- 1 if it was given up because it stayed in a state for too long, 2 if it told of its success after that.
ALTER TABLE device_deployments ADD COLUMN timed_out INTEGER NOT NULL DEFAULT 0;
-- The next attempt does not begin before.
ALTER TABLE device_deployments ADD COLUMN retry_ms INTEGER NOT NULL DEFAULT 0;

-- How long devices were in each state, and how many have left it for another.
ALTER TABLE deployment_counters ADD COLUMN pending_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN pending_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN downloading_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN downloading_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN installing_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN installing_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN rebooting_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_counters ADD COLUMN rebooting_left INTEGER NOT NULL DEFAULT 0;

-- How long a state may last where a person says so.
ALTER TABLE deployment_rules ADD COLUMN timeout_ms INTEGER;
-- When devices are looked through next for those that stay too long, and from which on; no time where nobody looks.
ALTER TABLE deployment_rules ADD COLUMN stuck_ms INTEGER;
ALTER TABLE deployment_rules ADD COLUMN stuck_after TEXT;
-- Which failures another attempt heals, as a JSON array, null for all of them; pauses between attempts.
ALTER TABLE deployment_rules ADD COLUMN retry_kinds TEXT;
ALTER TABLE deployment_rules ADD COLUMN retry_pause_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployment_rules ADD COLUMN retry_most_ms INTEGER NOT NULL DEFAULT 0;
-- Bytes that devices of one value of the attribute may be given in a day.
ALTER TABLE deployment_rules ADD COLUMN budget_bytes INTEGER;

CREATE INDEX deployment_rules_stuck ON deployment_rules (stuck_ms) WHERE stuck_ms IS NOT NULL;

-- What the devices of one value of the attribute have taken.
CREATE TABLE deployment_budgets (
  tenant_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  value TEXT NOT NULL,
  -- Devices that are at it.
  devices INTEGER NOT NULL DEFAULT 0,
  -- Bytes of one day, counted from the epoch.
  day INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq, value)
) STRICT, WITHOUT ROWID;

INSERT INTO deployment_budgets (tenant_id, seq, value, devices)
SELECT tenant_id, seq, budget_value, count(*) FROM device_deployments
WHERE active = 1 AND budget_value IS NOT NULL GROUP BY tenant_id, seq, budget_value;

DROP INDEX device_deployments_budget;
