-- What happens in a tenant, in the order of the changes: pages of events that follow each other.
CREATE TABLE event_pages (
  tenant_id TEXT NOT NULL,
  -- The position of its first event; those that follow have the next ones.
  first INTEGER NOT NULL,
  events INTEGER NOT NULL,
  begun_ms INTEGER NOT NULL,
  -- JSON objects with commas between them.
  body TEXT NOT NULL,
  PRIMARY KEY (tenant_id, first)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_pages_by_time ON event_pages (begun_ms);

-- Who is told of them.
CREATE TABLE event_receivers (
  tenant_id TEXT NOT NULL,
  receiver_id TEXT NOT NULL,
  -- The part of the product that knows how it is told.
  kind TEXT NOT NULL,
  -- A JSON list of patterns.
  types TEXT NOT NULL,
  -- What is up to here was delivered, is none of its business, or waits in a lane.
  position INTEGER NOT NULL,
  -- A JSON list of positions behind that are done as well.
  ahead TEXT NOT NULL DEFAULT '[]',
  -- Of the receiver in a row, and the time before which it is left alone.
  failures INTEGER NOT NULL DEFAULT 0,
  paused_ms INTEGER NOT NULL DEFAULT 0,
  leased_ms INTEGER NOT NULL DEFAULT 0,
  -- When it is to be looked after; null while there is nothing for it.
  waiting_ms INTEGER,
  PRIMARY KEY (tenant_id, receiver_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_receivers_waiting ON event_receivers (waiting_ms) WHERE waiting_ms IS NOT NULL;

-- What a receiver is told apart from the rest: what follows an event that it did not take, or a part of the stream once more.
CREATE TABLE event_lanes (
  tenant_id TEXT NOT NULL,
  receiver_id TEXT NOT NULL,
  lane_id TEXT NOT NULL,
  -- Events of this key only; null for all.
  lane_key TEXT,
  next INTEGER NOT NULL,
  until INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, receiver_id, lane_id)
) STRICT, WITHOUT ROWID;

-- How the last attempt of each event ended: a JSON object by position, for 1024 positions.
CREATE TABLE event_deliveries (
  tenant_id TEXT NOT NULL,
  receiver_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  begun_ms INTEGER NOT NULL,
  outcomes TEXT NOT NULL,
  PRIMARY KEY (tenant_id, receiver_id, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_deliveries_by_time ON event_deliveries (begun_ms);

-- Tenants whose events somebody follows as they happen.
CREATE TABLE event_followers (
  tenant_id TEXT PRIMARY KEY NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Integrations become receivers. What waited for one is kept and told from the first event on that waits.
INSERT INTO event_pages (tenant_id, first, events, begun_ms, body)
SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY position), 1, time_ms, json_object(
  'type', CASE type WHEN 'device-provisioned' THEN 'device.provisioned' WHEN 'device-decommissioned' THEN 'device.decommissioned'
    WHEN 'device-inventory-changed' THEN 'device.inventory_changed'
    ELSE 'device.' || coalesce(data ->> 'status', 'pending') END,
  'time', time_ms, 'device', device_id,
  'data', CASE type WHEN 'device-inventory-changed' THEN json_object('attributes', json(data -> 'inventory'))
    WHEN 'device-decommissioned' THEN json('{"status":null}') ELSE json(data) END)
FROM iot_events e WHERE EXISTS (
  SELECT 1 FROM iot_deliveries d WHERE d.tenant_id = e.tenant_id AND d.position >= e.position AND d.status = 'pending');

INSERT INTO event_receivers (tenant_id, receiver_id, kind, types, position, waiting_ms)
SELECT i.tenant_id, i.integration_id, 'integration',
  CASE WHEN i.scopes IS NULL OR i.scopes = '["deviceauth"]'
    THEN '["device.pending","device.accepted","device.rejected","device.preauthorized","device.noauth","device.provisioned","device.decommissioned"]'
    WHEN i.scopes = '["inventory"]' THEN '["device.inventory_changed"]'
    ELSE '["device.pending","device.accepted","device.rejected","device.preauthorized","device.noauth","device.provisioned","device.decommissioned","device.inventory_changed"]' END,
  coalesce((SELECT max(p.first) FROM event_pages p WHERE p.tenant_id = i.tenant_id), 0),
  CASE WHEN i.waiting_ms IS NULL THEN NULL ELSE 0 END
FROM iot_integrations i;

UPDATE event_receivers SET position = 0 WHERE EXISTS (
  SELECT 1 FROM iot_deliveries d WHERE d.tenant_id = event_receivers.tenant_id
    AND d.integration_id = event_receivers.receiver_id AND d.status = 'pending');

DROP TABLE iot_deliveries;

DROP TABLE iot_events;

DROP INDEX iot_integrations_waiting;

ALTER TABLE iot_integrations DROP COLUMN failures;

ALTER TABLE iot_integrations DROP COLUMN paused_ms;

ALTER TABLE iot_integrations DROP COLUMN leased_ms;

ALTER TABLE iot_integrations DROP COLUMN waiting_ms;
