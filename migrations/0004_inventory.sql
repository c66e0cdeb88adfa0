-- One row per device. `attributes` is an object from "scope-name" to [value, description, timestamp]; what the server
-- itself sorts and counts by has columns. Everything below this table is kept in step by its triggers and by nothing else.
CREATE TABLE inventory_devices (
  device_no INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  status TEXT,
  status_revision INTEGER NOT NULL DEFAULT 0,
  tier TEXT NOT NULL DEFAULT 'standard',
  group_name TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  check_in_ms INTEGER,
  attributes TEXT NOT NULL DEFAULT '{}',
  -- Grows with every write of the inventory scope: a report computed from an older row must not be stored.
  report_revision INTEGER NOT NULL DEFAULT 0,
  tags_etag TEXT,
  UNIQUE (tenant_id, device_id)
) STRICT;

-- Searchable values in search order. An array has a row per member, an empty array one row of x''.
-- Numbers sort before texts and texts before blobs; x'00' and x'01' are the booleans. Texts are cut at 256 characters.
CREATE TABLE inventory_values (
  tenant_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value ANY NOT NULL,
  device_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, key, value, device_id)
) STRICT, WITHOUT ROWID;

-- How many devices have an attribute.
CREATE TABLE inventory_keys (
  tenant_id TEXT NOT NULL,
  key TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;

-- How many devices there are of each kind; no status and no group are empty texts.
CREATE TABLE inventory_counts (
  tenant_id TEXT NOT NULL,
  group_name TEXT NOT NULL,
  status TEXT NOT NULL,
  tier TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, group_name, status, tier)
) STRICT, WITHOUT ROWID;

-- Words of a device by device_no. The tenant is a column of its own, as hexadecimal digits, so that it is one word.
CREATE VIRTUAL TABLE inventory_text USING fts5(tenant, body, content='', contentless_delete=1);

CREATE TRIGGER inventory_device_added AFTER INSERT ON inventory_devices
BEGIN
  INSERT INTO inventory_values
    SELECT new.tenant_id, c.key, c.atom, new.device_id
    FROM json_each(json_object('identity-status', new.status, 'system-check_in_time', new.check_in_ms,
      'system-created_ts', new.created_ms, 'system-group', new.group_name, 'system-tier', new.tier,
      'system-updated_ts', new.updated_ms)) c
    WHERE c.atom IS NOT NULL;
  INSERT INTO inventory_values
    SELECT DISTINCT new.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      new.device_id
    FROM json_each(new.attributes) a LEFT JOIN json_each(a.value, '$[0]') m;
  INSERT INTO inventory_keys
    SELECT new.tenant_id, a.key, 1 FROM json_each(new.attributes) a WHERE true
    ON CONFLICT DO UPDATE SET devices = devices + 1;
  INSERT INTO inventory_keys
    SELECT new.tenant_id, 'system-check_in_time', 1 WHERE new.check_in_ms IS NOT NULL
    ON CONFLICT DO UPDATE SET devices = devices + 1;
  INSERT INTO inventory_counts
    VALUES (new.tenant_id, coalesce(new.group_name, ''), coalesce(new.status, ''), new.tier, 1)
    ON CONFLICT DO UPDATE SET devices = devices + 1;
  INSERT INTO inventory_text (rowid, tenant, body)
    VALUES (new.device_no, hex(new.tenant_id), new.device_id || ' ' || coalesce(new.group_name, '') || ' ' || coalesce((
      SELECT group_concat(substr(m.atom, 1, 256), ' ')
      FROM json_each(new.attributes) a, json_each(a.value, '$[0]') m
      WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), ''));
 END;

CREATE TRIGGER inventory_attributes_changed AFTER UPDATE OF attributes ON inventory_devices
WHEN old.attributes <> new.attributes
BEGIN
  DELETE FROM inventory_values WHERE (tenant_id, key, value, device_id) IN (SELECT * FROM (
    SELECT old.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      old.device_id
    FROM json_each(old.attributes) a LEFT JOIN json_each(a.value, '$[0]') m
    EXCEPT
    SELECT new.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      new.device_id
    FROM json_each(new.attributes) a LEFT JOIN json_each(a.value, '$[0]') m));
  INSERT INTO inventory_values
    SELECT new.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      new.device_id
    FROM json_each(new.attributes) a LEFT JOIN json_each(a.value, '$[0]') m
    EXCEPT
    SELECT old.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      old.device_id
    FROM json_each(old.attributes) a LEFT JOIN json_each(a.value, '$[0]') m;
  UPDATE inventory_keys SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND key IN (
      SELECT key FROM json_each(old.attributes) EXCEPT SELECT key FROM json_each(new.attributes));
  DELETE FROM inventory_keys
    WHERE tenant_id = old.tenant_id AND devices = 0 AND key IN (
      SELECT key FROM json_each(old.attributes) EXCEPT SELECT key FROM json_each(new.attributes));
  INSERT INTO inventory_keys
    SELECT new.tenant_id, a.key, 1
    FROM (SELECT key FROM json_each(new.attributes) EXCEPT SELECT key FROM json_each(old.attributes)) a WHERE true
    ON CONFLICT DO UPDATE SET devices = devices + 1;
 END;

CREATE TRIGGER inventory_text_changed AFTER UPDATE OF attributes, group_name ON inventory_devices
WHEN old.attributes <> new.attributes OR old.group_name IS NOT new.group_name
BEGIN
  UPDATE inventory_text SET tenant = hex(new.tenant_id),
    body = new.device_id || ' ' || coalesce(new.group_name, '') || ' ' || coalesce((
      SELECT group_concat(substr(m.atom, 1, 256), ' ')
      FROM json_each(new.attributes) a, json_each(a.value, '$[0]') m
      WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
    WHERE rowid = new.device_no AND (
      old.group_name IS NOT new.group_name
      OR (SELECT group_concat(substr(m.atom, 1, 256), ' ')
        FROM json_each(old.attributes) a, json_each(a.value, '$[0]') m
        WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*'))
      IS NOT (SELECT group_concat(substr(m.atom, 1, 256), ' ')
        FROM json_each(new.attributes) a, json_each(a.value, '$[0]') m
        WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')));
 END;

CREATE TRIGGER inventory_updated_changed AFTER UPDATE OF updated_ms ON inventory_devices
WHEN old.updated_ms <> new.updated_ms
BEGIN
  UPDATE inventory_values SET value = new.updated_ms
    WHERE tenant_id = old.tenant_id AND key = 'system-updated_ts' AND value = old.updated_ms AND device_id = old.device_id;
 END;

CREATE TRIGGER inventory_check_in_changed AFTER UPDATE OF check_in_ms ON inventory_devices
WHEN old.check_in_ms IS NOT new.check_in_ms
BEGIN
  UPDATE inventory_values SET value = new.check_in_ms
    WHERE tenant_id = old.tenant_id AND key = 'system-check_in_time' AND value = old.check_in_ms
      AND device_id = old.device_id AND new.check_in_ms IS NOT NULL;
  INSERT INTO inventory_values
    SELECT new.tenant_id, 'system-check_in_time', new.check_in_ms, new.device_id WHERE old.check_in_ms IS NULL;
  INSERT INTO inventory_keys
    SELECT new.tenant_id, 'system-check_in_time', 1 WHERE old.check_in_ms IS NULL
    ON CONFLICT DO UPDATE SET devices = devices + 1;
 END;

CREATE TRIGGER inventory_kind_changed AFTER UPDATE OF status, tier, group_name ON inventory_devices
WHEN old.status IS NOT new.status OR old.tier <> new.tier OR old.group_name IS NOT new.group_name
BEGIN
  DELETE FROM inventory_values WHERE (tenant_id, key, value, device_id) IN (
    SELECT old.tenant_id, c.key, c.atom, old.device_id
    FROM json_each(json_object('identity-status', iif(old.status IS NOT new.status, old.status, NULL),
      'system-group', iif(old.group_name IS NOT new.group_name, old.group_name, NULL),
      'system-tier', iif(old.tier <> new.tier, old.tier, NULL))) c
    WHERE c.atom IS NOT NULL);
  INSERT INTO inventory_values
    SELECT new.tenant_id, c.key, c.atom, new.device_id
    FROM json_each(json_object('identity-status', iif(old.status IS NOT new.status, new.status, NULL),
      'system-group', iif(old.group_name IS NOT new.group_name, new.group_name, NULL),
      'system-tier', iif(old.tier <> new.tier, new.tier, NULL))) c
    WHERE c.atom IS NOT NULL;
  UPDATE inventory_counts SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND group_name = coalesce(old.group_name, '')
      AND status = coalesce(old.status, '') AND tier = old.tier;
  INSERT INTO inventory_counts
    VALUES (new.tenant_id, coalesce(new.group_name, ''), coalesce(new.status, ''), new.tier, 1)
    ON CONFLICT DO UPDATE SET devices = devices + 1;
  DELETE FROM inventory_counts
    WHERE tenant_id = old.tenant_id AND group_name = coalesce(old.group_name, '')
      AND status = coalesce(old.status, '') AND tier = old.tier AND devices = 0;
 END;

CREATE TRIGGER inventory_device_removed AFTER DELETE ON inventory_devices
BEGIN
  DELETE FROM inventory_values WHERE (tenant_id, key, value, device_id) IN (
    SELECT old.tenant_id, c.key, c.atom, old.device_id
    FROM json_each(json_object('identity-status', old.status, 'system-check_in_time', old.check_in_ms,
      'system-created_ts', old.created_ms, 'system-group', old.group_name, 'system-tier', old.tier,
      'system-updated_ts', old.updated_ms)) c
    WHERE c.atom IS NOT NULL);
  DELETE FROM inventory_values WHERE (tenant_id, key, value, device_id) IN (
    SELECT old.tenant_id, a.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      old.device_id
    FROM json_each(old.attributes) a LEFT JOIN json_each(a.value, '$[0]') m);
  UPDATE inventory_keys SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND key IN (SELECT key FROM json_each(old.attributes));
  DELETE FROM inventory_keys
    WHERE tenant_id = old.tenant_id AND devices = 0 AND key IN (SELECT key FROM json_each(old.attributes));
  UPDATE inventory_keys SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND key = 'system-check_in_time' AND old.check_in_ms IS NOT NULL;
  UPDATE inventory_counts SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND group_name = coalesce(old.group_name, '')
      AND status = coalesce(old.status, '') AND tier = old.tier;
  DELETE FROM inventory_counts
    WHERE tenant_id = old.tenant_id AND group_name = coalesce(old.group_name, '')
      AND status = coalesce(old.status, '') AND tier = old.tier AND devices = 0;
  DELETE FROM inventory_text WHERE rowid = old.device_no;
 END;

-- Totals of large result sets, each counted exactly at `counted_ms` and used for a short time.
CREATE TABLE inventory_totals (
  tenant_id TEXT NOT NULL,
  query TEXT NOT NULL,
  total INTEGER NOT NULL,
  counted_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, query)
) STRICT, WITHOUT ROWID;

-- Saved filters, also called dynamic groups.
CREATE TABLE inventory_filters (
  tenant_id TEXT NOT NULL,
  filter_id TEXT NOT NULL,
  name TEXT NOT NULL,
  terms TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, filter_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX inventory_filters_by_name ON inventory_filters (tenant_id, name);
