-- What a tenant was at any minute: changes leave marks, and what is marked goes into the bucket by the minute.
CREATE TABLE journals (
  tenant_id TEXT PRIMARY KEY,
  -- on; off: nothing is marked; restoring: nothing that would be marked is changed, except by the restore.
  state TEXT NOT NULL CHECK (state IN ('on', 'off', 'restoring')),
  -- Since when it is so.
  state_ms INTEGER NOT NULL,
  -- Of the marks that are made now.
  page INTEGER NOT NULL DEFAULT 1,
  -- Devices whose inventory is updated after this are on the present page without a mark.
  since_ms INTEGER NOT NULL,
  -- Devices whose inventory was updated after this are not in the bucket yet; of those of this time the ones after this device.
  from_ms INTEGER NOT NULL,
  from_device TEXT,
  -- When the present page was begun; later of each page than of the one before.
  turned_ms INTEGER NOT NULL,
  -- Until when everything is in the bucket.
  flushed_ms INTEGER NOT NULL,
  -- The first minute that can be gone back to; null before there is a base.
  oldest_ms INTEGER,
  -- When the last whole copy was begun, and, as JSON, how far one is that is under way.
  base_ms INTEGER NOT NULL DEFAULT 0,
  base TEXT,
  -- Of all that is in the bucket.
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What was changed, once for each page.
CREATE TABLE journal_marks (
  tenant_id TEXT NOT NULL,
  page INTEGER NOT NULL,
  subject TEXT NOT NULL,
  -- A JSON array.
  key TEXT NOT NULL,
  at_s INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, page, subject, key)
) STRICT, WITHOUT ROWID;

-- Where triggers say that something was changed. A subject with a time is found by that if it is on the present page, and a deployment
-- by the devices that are.
CREATE VIEW journal_touches (tenant_id, subject, key, seen_ms) AS
SELECT tenant_id, subject, key, NULL FROM journal_marks WHERE false;

CREATE TRIGGER journal_touched INSTEAD OF INSERT ON journal_touches
BEGIN
  INSERT INTO journal_marks (tenant_id, page, subject, key, at_s)
    SELECT j.tenant_id, CASE j.state WHEN 'restoring' THEN RAISE(ABORT, '''refused-being-restored''') ELSE j.page END,
      NEW.subject, NEW.key, unixepoch()
    FROM journals j
    WHERE j.tenant_id = NEW.tenant_id AND (j.state = 'restoring' OR (j.state = 'on'
      AND (NEW.seen_ms IS NULL OR NEW.seen_ms <= j.since_ms)
      AND NOT EXISTS (SELECT 1 FROM journal_marks m
        WHERE m.tenant_id = j.tenant_id AND m.page = j.page AND m.subject = NEW.subject AND m.key = NEW.key)
      AND NOT (NEW.subject = 'deployment' AND EXISTS (SELECT 1 FROM journal_marks m
        WHERE m.tenant_id = j.tenant_id AND m.page = j.page AND m.subject = 'device-deployment'
          AND m.key > rtrim(NEW.key, ']') || ',' AND m.key < rtrim(NEW.key, ']') || '-'))));
 END;

-- Of each journaled table; the list is in src/tenantdata/journal/subjects.ts.
CREATE TRIGGER journal_devices_added AFTER INSERT ON devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_devices_changed AFTER UPDATE OF identity_hash, identity, status, revision, tier, provisioned, test_device, external, created_ms, updated_ms ON devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_devices_removed AFTER DELETE ON devices
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'device', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_auth_sets_added AFTER INSERT ON auth_sets
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_auth_sets_changed AFTER UPDATE ON auth_sets
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_auth_sets_removed AFTER DELETE ON auth_sets
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'device', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_auto_accept_rules_added AFTER INSERT ON auto_accept_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'auto-accept-rule', json_array(NEW.rule_id), NULL);
 END;
CREATE TRIGGER journal_auto_accept_rules_changed AFTER UPDATE ON auto_accept_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'auto-accept-rule', json_array(NEW.rule_id), NULL);
 END;
CREATE TRIGGER journal_auto_accept_rules_removed AFTER DELETE ON auto_accept_rules
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'auto-accept-rule', json_array(OLD.rule_id), NULL);
 END;
CREATE TRIGGER journal_admission_settings_added AFTER INSERT ON admission_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'admission', json_array(), NULL);
 END;
CREATE TRIGGER journal_admission_settings_changed AFTER UPDATE ON admission_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'admission', json_array(), NULL);
 END;
CREATE TRIGGER journal_admission_settings_removed AFTER DELETE ON admission_settings
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'admission', json_array(), NULL);
 END;
CREATE TRIGGER journal_inventory_devices_added AFTER INSERT ON inventory_devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'inventory', json_array(NEW.device_id), NEW.updated_ms);
 END;
CREATE TRIGGER journal_inventory_devices_changed AFTER UPDATE OF status, status_revision, tier, group_name, created_ms, updated_ms, attributes, report_revision, tags_etag, changed ON inventory_devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'inventory', json_array(NEW.device_id), NEW.updated_ms);
 END;
CREATE TRIGGER journal_inventory_devices_removed AFTER DELETE ON inventory_devices
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'inventory', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_inventory_filters_added AFTER INSERT ON inventory_filters
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'filter', json_array(NEW.filter_id), NULL);
 END;
CREATE TRIGGER journal_inventory_filters_changed AFTER UPDATE ON inventory_filters
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'filter', json_array(NEW.filter_id), NULL);
 END;
CREATE TRIGGER journal_inventory_filters_removed AFTER DELETE ON inventory_filters
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'filter', json_array(OLD.filter_id), NULL);
 END;
CREATE TRIGGER journal_storage_settings_added AFTER INSERT ON storage_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'storage-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_storage_settings_changed AFTER UPDATE ON storage_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'storage-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_storage_settings_removed AFTER DELETE ON storage_settings
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'storage-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_artifacts_added AFTER INSERT ON artifacts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifacts_changed AFTER UPDATE ON artifacts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifacts_removed AFTER DELETE ON artifacts
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'artifact', json_array(OLD.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_objects_added AFTER INSERT ON artifact_objects
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_objects_changed AFTER UPDATE ON artifact_objects
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_objects_removed AFTER DELETE ON artifact_objects
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'artifact', json_array(OLD.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_combinations_added AFTER INSERT ON artifact_combinations
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_combinations_changed AFTER UPDATE ON artifact_combinations
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_combinations_removed AFTER DELETE ON artifact_combinations
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'artifact', json_array(OLD.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_device_types_added AFTER INSERT ON artifact_device_types
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_device_types_changed AFTER UPDATE ON artifact_device_types
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact', json_array(NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_device_types_removed AFTER DELETE ON artifact_device_types
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'artifact', json_array(OLD.artifact_id), NULL);
 END;
CREATE TRIGGER journal_artifact_keys_added AFTER INSERT ON artifact_keys
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact-key', json_array(NEW.key_id), NULL);
 END;
CREATE TRIGGER journal_artifact_keys_changed AFTER UPDATE ON artifact_keys
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'artifact-key', json_array(NEW.key_id), NULL);
 END;
CREATE TRIGGER journal_artifact_keys_removed AFTER DELETE ON artifact_keys
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'artifact-key', json_array(OLD.key_id), NULL);
 END;
CREATE TRIGGER journal_releases_added AFTER INSERT ON releases
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'release', json_array(NEW.name), NULL);
 END;
CREATE TRIGGER journal_releases_changed AFTER UPDATE ON releases
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'release', json_array(NEW.name), NULL);
 END;
CREATE TRIGGER journal_releases_removed AFTER DELETE ON releases
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'release', json_array(OLD.name), NULL);
 END;
CREATE TRIGGER journal_release_tags_added AFTER INSERT ON release_tags
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'release', json_array(NEW.name), NULL);
 END;
CREATE TRIGGER journal_release_tags_changed AFTER UPDATE ON release_tags
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'release', json_array(NEW.name), NULL);
 END;
CREATE TRIGGER journal_release_tags_removed AFTER DELETE ON release_tags
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'release', json_array(OLD.name), NULL);
 END;
CREATE TRIGGER journal_update_types_added AFTER INSERT ON update_types
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'update-type', json_array(NEW.update_type), NULL);
 END;
CREATE TRIGGER journal_update_types_changed AFTER UPDATE ON update_types
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'update-type', json_array(NEW.update_type), NULL);
 END;
CREATE TRIGGER journal_update_types_removed AFTER DELETE ON update_types
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'update-type', json_array(OLD.update_type), NULL);
 END;
CREATE TRIGGER journal_device_configurations_added AFTER INSERT ON device_configurations
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'configuration', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_device_configurations_changed AFTER UPDATE OF configured, reported, deployment_id, updated_ms ON device_configurations
WHEN (NEW.configured, NEW.reported, NEW.deployment_id, NEW.updated_ms) IS NOT (OLD.configured, OLD.reported, OLD.deployment_id, OLD.updated_ms)
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'configuration', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_device_configurations_removed AFTER DELETE ON device_configurations
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'configuration', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_configuration_defaults_added AFTER INSERT ON configuration_defaults
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'configuration-default', json_array(NEW.source, NEW.source_id), NULL);
 END;
CREATE TRIGGER journal_configuration_defaults_changed AFTER UPDATE ON configuration_defaults
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'configuration-default', json_array(NEW.source, NEW.source_id), NULL);
 END;
CREATE TRIGGER journal_configuration_defaults_removed AFTER DELETE ON configuration_defaults
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'configuration-default', json_array(OLD.source, OLD.source_id), NULL);
 END;
CREATE TRIGGER journal_consent_settings_added AFTER INSERT ON consent_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'consent', json_array(), NULL);
 END;
CREATE TRIGGER journal_consent_settings_changed AFTER UPDATE ON consent_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'consent', json_array(), NULL);
 END;
CREATE TRIGGER journal_consent_settings_removed AFTER DELETE ON consent_settings
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'consent', json_array(), NULL);
 END;
CREATE TRIGGER journal_monitor_devices_added AFTER INSERT ON monitor_devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_devices_changed AFTER UPDATE ON monitor_devices
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_devices_removed AFTER DELETE ON monitor_devices
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'monitor', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_latest_added AFTER INSERT ON monitor_latest
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_latest_changed AFTER UPDATE ON monitor_latest
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor', json_array(NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_latest_removed AFTER DELETE ON monitor_latest
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'monitor', json_array(OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_monitor_silenced_added AFTER INSERT ON monitor_silenced
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-silenced', json_array(NEW.user_id), NULL);
 END;
CREATE TRIGGER journal_monitor_silenced_changed AFTER UPDATE ON monitor_silenced
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-silenced', json_array(NEW.user_id), NULL);
 END;
CREATE TRIGGER journal_monitor_silenced_removed AFTER DELETE ON monitor_silenced
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'monitor-silenced', json_array(OLD.user_id), NULL);
 END;
CREATE TRIGGER journal_monitor_mutes_added AFTER INSERT ON monitor_mutes
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-mute', json_array(NEW.mute_id), NULL);
 END;
CREATE TRIGGER journal_monitor_mutes_changed AFTER UPDATE ON monitor_mutes
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-mute', json_array(NEW.mute_id), NULL);
 END;
CREATE TRIGGER journal_monitor_mutes_removed AFTER DELETE ON monitor_mutes
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'monitor-mute', json_array(OLD.mute_id), NULL);
 END;
CREATE TRIGGER journal_monitor_rules_added AFTER INSERT ON monitor_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-rule', json_array(NEW.kind, NEW.group_name), NULL);
 END;
CREATE TRIGGER journal_monitor_rules_changed AFTER UPDATE ON monitor_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'monitor-rule', json_array(NEW.kind, NEW.group_name), NULL);
 END;
CREATE TRIGGER journal_monitor_rules_removed AFTER DELETE ON monitor_rules
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'monitor-rule', json_array(OLD.kind, OLD.group_name), NULL);
 END;
CREATE TRIGGER journal_deployment_artifacts_added AFTER INSERT ON deployment_artifacts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-artifact', json_array(NEW.seq, NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_deployment_artifacts_changed AFTER UPDATE ON deployment_artifacts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-artifact', json_array(NEW.seq, NEW.artifact_id), NULL);
 END;
CREATE TRIGGER journal_deployment_artifacts_removed AFTER DELETE ON deployment_artifacts
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment-artifact', json_array(OLD.seq, OLD.artifact_id), NULL);
 END;
CREATE TRIGGER journal_deployment_targets_added AFTER INSERT ON deployment_targets
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-target', json_array(NEW.seq, NEW.first_id), NULL);
 END;
CREATE TRIGGER journal_deployment_targets_changed AFTER UPDATE ON deployment_targets
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-target', json_array(NEW.seq, NEW.first_id), NULL);
 END;
CREATE TRIGGER journal_deployment_targets_removed AFTER DELETE ON deployment_targets
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment-target', json_array(OLD.seq, OLD.first_id), NULL);
 END;
CREATE TRIGGER journal_deployment_counters_added AFTER INSERT ON deployment_counters
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_counters_changed AFTER UPDATE ON deployment_counters
WHEN (NEW.failure, NEW.aborted, NEW.pause_before_installing, NEW.pause_before_committing, NEW.pause_before_rebooting, NEW.downloading, NEW.installing, NEW.rebooting, NEW.pending, NEW.success, NEW.noartifact, NEW.already_installed, NEW.decommissioned) IS (OLD.failure, OLD.aborted, OLD.pause_before_installing, OLD.pause_before_committing, OLD.pause_before_rebooting, OLD.downloading, OLD.installing, OLD.rebooting, OLD.pending, OLD.success, OLD.noartifact, OLD.already_installed, OLD.decommissioned)
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_counters_removed AFTER DELETE ON deployment_counters
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployments_added AFTER INSERT ON deployments
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployments_changed AFTER UPDATE ON deployments
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployments_removed AFTER DELETE ON deployments
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_phases_added AFTER INSERT ON deployment_phases
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_phases_changed AFTER UPDATE ON deployment_phases
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_phases_removed AFTER DELETE ON deployment_phases
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_stop_rules_added AFTER INSERT ON deployment_stop_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_stop_rules_changed AFTER UPDATE ON deployment_stop_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_stop_rules_removed AFTER DELETE ON deployment_stop_rules
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_tallies_added AFTER INSERT ON deployment_tallies
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_tallies_changed AFTER UPDATE ON deployment_tallies
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_tallies_removed AFTER DELETE ON deployment_tallies
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_rules_added AFTER INSERT ON deployment_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_rules_changed AFTER UPDATE ON deployment_rules
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_rules_removed AFTER DELETE ON deployment_rules
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_windows_added AFTER INSERT ON deployment_windows
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_windows_changed AFTER UPDATE ON deployment_windows
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_windows_removed AFTER DELETE ON deployment_windows
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_verdicts_added AFTER INSERT ON deployment_verdicts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_verdicts_changed AFTER UPDATE ON deployment_verdicts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_verdicts_removed AFTER DELETE ON deployment_verdicts
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_progress_added AFTER INSERT ON deployment_progress
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_progress_changed AFTER UPDATE ON deployment_progress
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_progress_removed AFTER DELETE ON deployment_progress
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_watches_added AFTER INSERT ON deployment_watches
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_watches_changed AFTER UPDATE ON deployment_watches
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment', json_array(NEW.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_watches_removed AFTER DELETE ON deployment_watches
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment', json_array(OLD.seq), NULL);
 END;
CREATE TRIGGER journal_deployment_templates_added AFTER INSERT ON deployment_templates
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-template', json_array(NEW.template_id), NULL);
 END;
CREATE TRIGGER journal_deployment_templates_changed AFTER UPDATE ON deployment_templates
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-template', json_array(NEW.template_id), NULL);
 END;
CREATE TRIGGER journal_deployment_templates_removed AFTER DELETE ON deployment_templates
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment-template', json_array(OLD.template_id), NULL);
 END;
CREATE TRIGGER journal_deployment_settings_added AFTER INSERT ON deployment_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_deployment_settings_changed AFTER UPDATE ON deployment_settings
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'deployment-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_deployment_settings_removed AFTER DELETE ON deployment_settings
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'deployment-settings', json_array(), NULL);
 END;
CREATE TRIGGER journal_deployment_group_windows_added AFTER INSERT ON deployment_group_windows
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'group-window', json_array(NEW.group_name), NULL);
 END;
CREATE TRIGGER journal_deployment_group_windows_changed AFTER UPDATE ON deployment_group_windows
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'group-window', json_array(NEW.group_name), NULL);
 END;
CREATE TRIGGER journal_deployment_group_windows_removed AFTER DELETE ON deployment_group_windows
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'group-window', json_array(OLD.group_name), NULL);
 END;
CREATE TRIGGER journal_device_deployments_added AFTER INSERT ON device_deployments
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device-deployment', json_array(NEW.seq, NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_device_deployments_changed AFTER UPDATE ON device_deployments
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'device-deployment', json_array(NEW.seq, NEW.device_id), NULL);
 END;
CREATE TRIGGER journal_device_deployments_removed AFTER DELETE ON device_deployments
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'device-deployment', json_array(OLD.seq, OLD.device_id), NULL);
 END;
CREATE TRIGGER journal_failure_groups_added AFTER INSERT ON failure_groups
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-group', json_array(NEW.fingerprint), NULL);
 END;
CREATE TRIGGER journal_failure_groups_changed AFTER UPDATE OF ending ON failure_groups
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-group', json_array(NEW.fingerprint), NULL);
 END;
CREATE TRIGGER journal_failure_groups_removed AFTER DELETE ON failure_groups
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'failure-group', json_array(OLD.fingerprint), NULL);
 END;
CREATE TRIGGER journal_failure_counts_added AFTER INSERT ON failure_counts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-count', json_array(NEW.fingerprint, NEW.seq, NEW.device_type), NULL);
 END;
CREATE TRIGGER journal_failure_counts_changed AFTER UPDATE ON failure_counts
BEGIN
  INSERT INTO journal_touches VALUES (NEW.tenant_id, 'failure-count', json_array(NEW.fingerprint, NEW.seq, NEW.device_type), NULL);
 END;
CREATE TRIGGER journal_failure_counts_removed AFTER DELETE ON failure_counts
BEGIN
  INSERT INTO journal_touches VALUES (OLD.tenant_id, 'failure-count', json_array(OLD.fingerprint, OLD.seq, OLD.device_type), NULL);
 END;
