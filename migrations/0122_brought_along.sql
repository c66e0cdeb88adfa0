-- How long devices were in each state, and how their updates failed, is told by the rows of these devices.
DROP TRIGGER journal_deployment_counters_changed;
DROP TRIGGER journal_failure_counts_added;
DROP TRIGGER journal_failure_counts_changed;
CREATE TRIGGER journal_deployment_counters_changed AFTER UPDATE ON deployment_counters
WHEN (NEW.pending_ms, NEW.pending_left, NEW.downloading_ms, NEW.downloading_left, NEW.installing_ms, NEW.installing_left, NEW.rebooting_ms, NEW.rebooting_left, NEW.failure, NEW.aborted, NEW.pause_before_installing, NEW.pause_before_committing, NEW.pause_before_rebooting, NEW.downloading, NEW.installing, NEW.rebooting, NEW.pending, NEW.success, NEW.noartifact, NEW.already_installed, NEW.decommissioned) IS (OLD.pending_ms, OLD.pending_left, OLD.downloading_ms, OLD.downloading_left, OLD.installing_ms, OLD.installing_left, OLD.rebooting_ms, OLD.rebooting_left, OLD.failure, OLD.aborted, OLD.pause_before_installing, OLD.pause_before_committing, OLD.pause_before_rebooting, OLD.downloading, OLD.installing, OLD.rebooting, OLD.pending, OLD.success, OLD.noartifact, OLD.already_installed, OLD.decommissioned)
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_failure_counts_added AFTER INSERT ON failure_counts
WHEN NOT EXISTS (SELECT 1 FROM journals j JOIN journal_marks m ON m.tenant_id = j.tenant_id AND m.page = j.page
  AND m.subject = 'device-deployment' AND m.key = json_array(NEW.seq, NEW.sample) WHERE j.tenant_id = NEW.tenant_id)
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-count', json_array(NEW.fingerprint, NEW.seq, NEW.device_type), NULL);
 END;
CREATE TRIGGER journal_failure_counts_changed AFTER UPDATE ON failure_counts
WHEN NOT EXISTS (SELECT 1 FROM journals j JOIN journal_marks m ON m.tenant_id = j.tenant_id AND m.page = j.page
  AND m.subject = 'device-deployment' AND m.key = json_array(NEW.seq, NEW.sample) WHERE j.tenant_id = NEW.tenant_id)
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-count', json_array(NEW.fingerprint, NEW.seq, NEW.device_type), NULL);
 END;
