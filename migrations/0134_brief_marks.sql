-- What a request of a device writes is marked with less to compile. Of the row that counts the devices of a deployment only what
-- is said of the deployment itself makes a mark: all else comes with the row of a device.
DROP TRIGGER journal_deployment_counters_changed;
DROP TRIGGER journal_device_deployments_added;
DROP TRIGGER journal_device_deployments_changed;
DROP TRIGGER journal_device_deployments_removed;
DROP TRIGGER journal_inventory_devices_added;
DROP TRIGGER journal_inventory_devices_changed;
DROP TRIGGER journal_inventory_devices_removed;

CREATE TRIGGER journal_deployment_counters_changed AFTER UPDATE OF targeted, targeted_to, opens_ms, max_devices, unseen_aborted, aborted_ms, governed, dynamic, paused_ms, paused_by, weight ON deployment_counters
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_device_deployments_added AFTER INSERT ON device_deployments
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'device-deployment', json_array(NEW.seq, NEW.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = NEW.tenant_id AND (j.state = 'restoring' OR j.state = 'on')
    ON CONFLICT DO NOTHING;
 END;
CREATE TRIGGER journal_device_deployments_changed AFTER UPDATE ON device_deployments
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'device-deployment', json_array(NEW.seq, NEW.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = NEW.tenant_id AND (j.state = 'restoring' OR j.state = 'on')
    ON CONFLICT DO NOTHING;
 END;
CREATE TRIGGER journal_device_deployments_removed AFTER DELETE ON device_deployments
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'device-deployment', json_array(OLD.seq, OLD.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = OLD.tenant_id AND (j.state = 'restoring' OR j.state = 'on')
    ON CONFLICT DO NOTHING;
 END;
CREATE TRIGGER journal_inventory_devices_added AFTER INSERT ON inventory_devices
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'inventory', json_array(NEW.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = NEW.tenant_id AND (j.state = 'restoring' OR j.state = 'on' AND NEW.updated_ms <= j.since_ms)
    ON CONFLICT DO NOTHING;
 END;
CREATE TRIGGER journal_inventory_devices_changed AFTER UPDATE OF status, status_revision, tier, group_name, created_ms, updated_ms, attributes, report_revision, tags_etag, changed ON inventory_devices
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'inventory', json_array(NEW.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = NEW.tenant_id AND (j.state = 'restoring' OR j.state = 'on' AND NEW.updated_ms <= j.since_ms)
    ON CONFLICT DO NOTHING;
 END;
CREATE TRIGGER journal_inventory_devices_removed AFTER DELETE ON inventory_devices
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      'inventory', json_array(OLD.device_id), unixepoch()
    FROM journals j
    WHERE j.tenant_id = OLD.tenant_id AND (j.state = 'restoring' OR j.state = 'on')
    ON CONFLICT DO NOTHING;
 END;
