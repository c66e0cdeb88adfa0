-- Lists in identity data were kept as one text, `["a","b"]`; their members are found by themselves. What such a text was made
-- of tells the identity of the device, so that a text that only looks like a list stays one.
UPDATE inventory_devices SET attributes = json_patch(attributes, (
  SELECT json_group_object(a.key, json_array(json(
    CASE WHEN NOT EXISTS (SELECT 1 FROM json_each(a.value ->> 0) n WHERE n.type NOT IN ('integer', 'real'))
      THEN a.value ->> 0
      ELSE (SELECT json_group_array(
          CASE m.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE '' || m.value END)
        FROM json_each(a.value ->> 0) m) END)))
  FROM json_each(inventory_devices.attributes) a
  JOIN devices d ON d.tenant_id = inventory_devices.tenant_id AND d.device_id = inventory_devices.device_id
  WHERE a.key GLOB 'identity-*' AND json_type(a.value, '$[0]') = 'text' AND a.value ->> 0 GLOB '[[]*]'
    AND json_valid(a.value ->> 0) AND instr(a.value ->> 0, '\u') = 0
    AND EXISTS (SELECT 1 FROM json_each(d.identity) i
      WHERE i.type = 'array' AND (i.key = substr(a.key, 10) OR instr(a.key, '%') > 0))))
WHERE (tenant_id, device_id) IN (SELECT tenant_id, device_id FROM devices WHERE instr(identity, '[') > 0);
