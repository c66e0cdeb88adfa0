-- Words are found by their English stems. The index keeps no text, so that it is made again from the devices: by ranges
-- of numbers, so that no statement of a large fleet runs into the platform's limit of time.
DROP TRIGGER inventory_device_added;
DROP TRIGGER inventory_text_changed;
DROP TABLE inventory_text;

-- As before, words of a device by device_no. The tenant's digits end in a letter that no stem leaves out.
CREATE VIRTUAL TABLE inventory_text USING fts5(tenant, body, content='', contentless_delete=1, tokenize='porter unicode61');

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
    VALUES (new.device_no, hex(new.tenant_id) || 'x', new.device_id || ' ' || coalesce(new.group_name, '') || ' ' || coalesce((
      SELECT group_concat(substr(m.atom, 1, 256), ' ')
      FROM json_each(new.attributes) a, json_each(a.value, '$[0]') m
      WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), ''));
 END;

CREATE TRIGGER inventory_text_changed AFTER UPDATE OF attributes, group_name ON inventory_devices
WHEN old.attributes <> new.attributes OR old.group_name IS NOT new.group_name
BEGIN
  UPDATE inventory_text SET tenant = hex(new.tenant_id) || 'x',
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

INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no < 50000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 50000 AND d.device_no < 100000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 100000 AND d.device_no < 150000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 150000 AND d.device_no < 200000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 200000 AND d.device_no < 250000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 250000 AND d.device_no < 300000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 300000 AND d.device_no < 350000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 350000 AND d.device_no < 400000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 400000 AND d.device_no < 450000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 450000 AND d.device_no < 500000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 500000 AND d.device_no < 550000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 550000 AND d.device_no < 600000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 600000 AND d.device_no < 650000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 650000 AND d.device_no < 700000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 700000 AND d.device_no < 750000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 750000 AND d.device_no < 800000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 800000 AND d.device_no < 850000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 850000 AND d.device_no < 900000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 900000 AND d.device_no < 950000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 950000 AND d.device_no < 1000000;
INSERT INTO inventory_text (rowid, tenant, body)
  SELECT d.device_no, hex(d.tenant_id) || 'x', d.device_id || ' ' || coalesce(d.group_name, '') || ' ' || coalesce((
    SELECT group_concat(substr(m.atom, 1, 256), ' ')
    FROM json_each(d.attributes) a, json_each(a.value, '$[0]') m
    WHERE m.type = 'text' AND (a.key GLOB 'i*-*' OR a.key GLOB 'tags-*')), '')
  FROM inventory_devices d WHERE d.device_no >= 1000000;
