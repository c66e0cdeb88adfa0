-- Receivers and clouds that are told what happens to devices.
CREATE TABLE iot_integrations (
  tenant_id TEXT NOT NULL,
  integration_id TEXT NOT NULL,
  provider TEXT NOT NULL,
  -- What it leads to; there are no two of the same.
  target TEXT NOT NULL,
  description TEXT,
  -- A JSON list; null for what the open edition tells.
  scopes TEXT,
  -- JSON, sealed; and the same as everybody may see it.
  credentials TEXT NOT NULL,
  shown TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  -- Of its deliveries in a row, and the time before which none is tried.
  failures INTEGER NOT NULL DEFAULT 0,
  paused_ms INTEGER NOT NULL DEFAULT 0,
  leased_ms INTEGER NOT NULL DEFAULT 0,
  -- When deliveries are to be looked for; null while there are none.
  waiting_ms INTEGER,
  PRIMARY KEY (tenant_id, integration_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iot_integrations_target ON iot_integrations (tenant_id, provider, target);

CREATE INDEX iot_integrations_waiting ON iot_integrations (waiting_ms) WHERE waiting_ms IS NOT NULL;

-- What happened to devices while there was an integration, in order.
CREATE TABLE iot_events (
  tenant_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX iot_events_by_time ON iot_events (time_ms);

CREATE TABLE iot_deliveries (
  tenant_id TEXT NOT NULL,
  position INTEGER NOT NULL,
  integration_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER NOT NULL,
  -- Of the last attempt.
  status_code INTEGER,
  error TEXT,
  PRIMARY KEY (tenant_id, position, integration_id)
) STRICT, WITHOUT ROWID;

-- Of each device the first one that waits is the next.
CREATE INDEX iot_deliveries_lanes ON iot_deliveries (tenant_id, integration_id, device_id, position) WHERE status = 'pending';

-- Devices that a cloud has.
CREATE TABLE iot_devices (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  integration_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, device_id, integration_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX iot_devices_by_integration ON iot_devices (tenant_id, integration_id);
