-- What the last write changed, where that is little: new entries by key, null for what went. The indexes then look at nothing
-- else of the device. They believe it only if it makes the new attributes of the old ones, so that a write that does
-- not tell, or tells something else, has everything compared as before.
ALTER TABLE inventory_devices ADD COLUMN changed TEXT;

DROP TRIGGER inventory_attributes_changed;
DROP TRIGGER inventory_text_changed;

CREATE TRIGGER inventory_told_changed AFTER UPDATE OF attributes ON inventory_devices
WHEN old.attributes <> new.attributes AND json_patch(old.attributes, coalesce(new.changed, '{}')) = new.attributes
BEGIN
  DELETE FROM inventory_values WHERE (tenant_id, key, value, device_id) IN (SELECT * FROM (
    SELECT old.tenant_id, c.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      old.device_id
    FROM json_each(new.changed) c LEFT JOIN json_each(old.attributes, '$."' || c.key || '"[0]') m
    WHERE json_type(old.attributes, '$."' || c.key || '"') IS NOT NULL
    EXCEPT
    SELECT new.tenant_id, c.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      new.device_id
    FROM json_each(new.changed) c LEFT JOIN json_each(c.value, '$[0]') m
    WHERE c.type <> 'null'));
  INSERT INTO inventory_values
    SELECT new.tenant_id, c.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      new.device_id
    FROM json_each(new.changed) c LEFT JOIN json_each(c.value, '$[0]') m
    WHERE c.type <> 'null'
    EXCEPT
    SELECT old.tenant_id, c.key,
      CASE m.type WHEN 'text' THEN substr(m.atom, 1, 256) WHEN 'true' THEN x'01' WHEN 'false' THEN x'00'
        ELSE coalesce(m.atom, x'') END,
      old.device_id
    FROM json_each(new.changed) c LEFT JOIN json_each(old.attributes, '$."' || c.key || '"[0]') m
    WHERE json_type(old.attributes, '$."' || c.key || '"') IS NOT NULL;
  UPDATE inventory_keys SET devices = devices - 1
    WHERE tenant_id = old.tenant_id AND key IN (
      SELECT c.key FROM json_each(new.changed) c
      WHERE c.type = 'null' AND json_type(old.attributes, '$."' || c.key || '"') IS NOT NULL);
  DELETE FROM inventory_keys
    WHERE tenant_id = old.tenant_id AND devices = 0 AND key IN (
      SELECT c.key FROM json_each(new.changed) c WHERE c.type = 'null');
  INSERT INTO inventory_keys
    SELECT new.tenant_id, c.key, 1 FROM json_each(new.changed) c
    WHERE c.type <> 'null' AND json_type(old.attributes, '$."' || c.key || '"') IS NULL
    ON CONFLICT DO UPDATE SET devices = devices + 1;
  UPDATE inventory_text SET tenant = hex(new.tenant_id) || 'x',
    body = new.device_id || ' ' || coalesce(new.group_name, '') || ' ' || coalesce((
      SELECT group_concat(CASE json_type(a.value, '$[0]')
          WHEN 'text' THEN substr(a.value ->> '$[0]', 1, 256)
          WHEN 'array' THEN (SELECT group_concat(substr(m.atom, 1, 256), ' ')
            FROM json_each(a.value, '$[0]') m WHERE m.type = 'text') END, ' ')
      FROM json_each(new.attributes) a WHERE a.key GLOB 'i*-*' OR a.key GLOB 'tags-*'), '')
    WHERE rowid = new.device_no AND EXISTS (
      SELECT 1 FROM json_each(new.changed) c
      WHERE (c.key GLOB 'i*-*' OR c.key GLOB 'tags-*')
        AND (json_type(old.attributes, '$."' || c.key || '"[0]') IN ('text', 'array')
          OR json_type(new.attributes, '$."' || c.key || '"[0]') IN ('text', 'array'))
        AND json_extract(old.attributes, '$."' || c.key || '"[0]')
          IS NOT json_extract(new.attributes, '$."' || c.key || '"[0]'));
 END;

CREATE TRIGGER inventory_attributes_changed AFTER UPDATE OF attributes ON inventory_devices
WHEN old.attributes <> new.attributes AND json_patch(old.attributes, coalesce(new.changed, '{}')) <> new.attributes
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
WHEN old.group_name IS NOT new.group_name
  OR (old.attributes <> new.attributes AND json_patch(old.attributes, coalesce(new.changed, '{}')) <> new.attributes)
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
