-- What a device reported is pledged to stay as it is until the head of its tenant was told that it will change: so long the
-- head may answer a report that is the same. A pledge begins with the number of the day (UTC) on which it is good.
ALTER TABLE inventory_devices ADD COLUMN pledge TEXT;

-- No way of changing it can forget to tell: a write that leaves a pledge in its place fails. After its day, and some minutes for
-- clocks that differ, nobody answers by it any more.
CREATE TRIGGER inventory_pledged BEFORE UPDATE OF attributes ON inventory_devices
WHEN old.pledge IS NOT NULL AND new.pledge IS old.pledge AND old.attributes <> new.attributes
  AND (new.updated_ms - 300000) / 86400000 <= CAST(old.pledge AS INTEGER)
  AND (SELECT json_group_object(a.key, json(a.value)) FROM json_each(old.attributes) a WHERE a.key GLOB 'inventory-*')
    IS NOT (SELECT json_group_object(a.key, json(a.value)) FROM json_each(new.attributes) a WHERE a.key GLOB 'inventory-*')
BEGIN
  SELECT RAISE(ABORT, '''refused-pledged''');
 END;
