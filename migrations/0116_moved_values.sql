-- One value in the place of another moves in the index of values: it is written once, where it was removed and added, and
-- nothing is looked at that cannot have changed.
DROP TRIGGER inventory_told_changed;

CREATE TRIGGER inventory_values_moved AFTER UPDATE OF attributes ON inventory_devices
WHEN old.attributes <> new.attributes AND json_patch(old.attributes, coalesce(new.changed, '{}')) = new.attributes
  AND NOT EXISTS (SELECT 1 FROM json_each(new.changed) c
    WHERE (json_type(c.value, '$[0]') <> 'array' AND json_type(old.attributes, '$."' || c.key || '"[0]') <> 'array') IS NOT 1)
BEGIN
  UPDATE inventory_values SET value = CASE json_type(new.attributes, '$."' || key || '"[0]') WHEN 'text' THEN substr(new.attributes ->> ('$."' || key || '"[0]'), 1, 256)
      WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' ELSE new.attributes ->> ('$."' || key || '"[0]') END
    WHERE (tenant_id, key, value, device_id) IN (
      SELECT old.tenant_id, c.key,
      CASE json_type(old.attributes, '$."' || c.key || '"[0]') WHEN 'text' THEN substr(old.attributes ->> ('$."' || c.key || '"[0]'), 1, 256)
      WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' ELSE old.attributes ->> ('$."' || c.key || '"[0]') END,
      old.device_id FROM json_each(new.changed) c)
    AND value IS NOT CASE json_type(new.attributes, '$."' || key || '"[0]') WHEN 'text' THEN substr(new.attributes ->> ('$."' || key || '"[0]'), 1, 256)
      WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' ELSE new.attributes ->> ('$."' || key || '"[0]') END;
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

CREATE TRIGGER inventory_told_changed AFTER UPDATE OF attributes ON inventory_devices
WHEN old.attributes <> new.attributes AND json_patch(old.attributes, coalesce(new.changed, '{}')) = new.attributes
  AND EXISTS (SELECT 1 FROM json_each(new.changed) c
    WHERE (json_type(c.value, '$[0]') <> 'array' AND json_type(old.attributes, '$."' || c.key || '"[0]') <> 'array') IS NOT 1)
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
