-- What devices raised alerts about, in the order it came in.
CREATE TABLE monitor_alerts (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  -- The same however often a device sends it.
  alert_id TEXT NOT NULL,
  -- By the clock of the device where that can be, else by ours.
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  alert TEXT NOT NULL,
  PRIMARY KEY (tenant_id, device_id, alert_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX monitor_alerts_by_time ON monitor_alerts (tenant_id, device_id, at_ms, alert_id);

CREATE INDEX monitor_alerts_by_receipt ON monitor_alerts (received_ms);

-- The last alert of each thing that a device watches.
CREATE TABLE monitor_latest (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  alert_id TEXT NOT NULL,
  level TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  alert TEXT NOT NULL,
  -- How often its level changed since a time: who goes up and down is told of once.
  changes INTEGER NOT NULL,
  changes_since_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, device_id, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE monitor_devices (
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  -- What the device checks, as it says.
  checks TEXT NOT NULL DEFAULT '[]',
  -- What may still be kept and mailed, and when that was counted.
  alerts_left REAL NOT NULL,
  mails_left REAL NOT NULL,
  counted_ms INTEGER NOT NULL,
  -- Alerts that only changed the last one.
  folded INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, device_id)
) STRICT, WITHOUT ROWID;

-- Who wants no mails: a user, or nobody of the tenant where none is named.
CREATE TABLE monitor_silenced (
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
