-- Deployments with a weight go ahead of those with less.
ALTER TABLE deployment_counters ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deployment_counters_urgent ON deployment_counters (tenant_id, weight, opens_ms, seq)
  WHERE wide_open = 1 AND weight > 0;
