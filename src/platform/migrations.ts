import { sql } from "drizzle-orm";
import foundation from "../../migrations/0001_foundation.sql";
import deviceauth from "../../migrations/0002_deviceauth.sql";
import useradm from "../../migrations/0003_useradm.sql";
import inventory from "../../migrations/0004_inventory.sql";
import releases from "../../migrations/0005_releases.sql";
import deployments from "../../migrations/0006_deployments.sql";
import deviceconfig from "../../migrations/0007_deviceconfig.sql";
import deviceconnect from "../../migrations/0008_deviceconnect.sql";
import workflows from "../../migrations/0009_workflows.sql";
import ownSessions from "../../migrations/0010_own_sessions.sql";
import configurationPriority from "../../migrations/0011_configuration_priority.sql";
import tenantHead from "../../migrations/0013_tenant_head.sql";
import outboxByTenant from "../../migrations/0016_outbox_by_tenant.sql";
import textStems from "../../migrations/0018_text_stems.sql";
import artifactUploadTime from "../../migrations/0020_artifact_upload_time.sql";
import waitingDevices from "../../migrations/0026_waiting_devices.sql";
import auditPlain from "../../migrations/0029_audit_plain.sql";
import identityLists from "../../migrations/0032_identity_lists.sql";
import accountMails from "../../migrations/0034_account_mails.sql";
import secondFactor from "../../migrations/0035_second_factor.sql";
import roles from "../../migrations/0036_roles.sql";
import tenants from "../../migrations/0038_tenants.sql";
import auditChain from "../../migrations/0041_audit_chain.sql";
import consent from "../../migrations/0042_consent.sql";
import memberships from "../../migrations/0043_memberships.sql";
import usage from "../../migrations/0044_usage.sql";
import passkeys from "../../migrations/0046_passkeys.sql";
import scim from "../../migrations/0047_scim.sql";
import rollouts from "../../migrations/0050_rollouts.sql";
import toldChanges from "../../migrations/0054_told_changes.sql";
import sessionProviders from "../../migrations/0059_session_providers.sql";
import sso from "../../migrations/0048_sso.sql";
import deviceMonitor from "../../migrations/0053_device_monitor.sql";
import iotManager from "../../migrations/0052_iot_manager.sql";
import judge from "../../migrations/0060_judge.sql";
import failuresAndProgress from "../../migrations/0065_failures_and_progress.sql";
import watches from "../../migrations/0063_watches.sql";
import templatesAndWindows from "../../migrations/0066_templates_and_windows.sql";
import weights from "../../migrations/0067_weights.sql";
import eventStream from "../../migrations/0068_event_stream.sql";
import webhooks from "../../migrations/0069_webhooks.sql";
import tenantExports from "../../migrations/0081_tenant_exports.sql";
import watchSettling from "../../migrations/0095_watch_settling.sql";
import retryCauses from "../../migrations/0096_retry_causes.sql";
import downloadAhead from "../../migrations/0097_download_ahead.sql";
import serverAlerts from "../../migrations/0075_server_alerts.sql";
import homes from "../../migrations/0090_homes.sql";
import toldAlerts from "../../migrations/0100_told_alerts.sql";
import tenantImports from "../../migrations/0110_tenant_imports.sql";
import movedValues from "../../migrations/0116_moved_values.sql";
import pledges from "../../migrations/0115_pledges.sql";
import restores from "../../migrations/0125_restores.sql";
import slices from "../../migrations/0130_slices.sql";
import briefMarks from "../../migrations/0134_brief_marks.sql";
import moves from "../../migrations/0091_moves.sql";
import doorTurns from "../../migrations/0092_door_turns.sql";
import providers from "../../migrations/0061_providers.sql";
import journals from "../../migrations/0120_journals.sql";
import askedJournals from "../../migrations/0121_asked_journals.sql";
import broughtAlong from "../../migrations/0122_brought_along.sql";
import usageTold from "../../migrations/0062_usage_told.sql";
import limitsOfRollouts from "../../migrations/0064_limits_of_rollouts.sql";
import { change, rows, type Database } from "./database.ts";
import { into, type Row } from "./columns.ts";
import { d1MigrationsTable } from "./tables.ts";

/** Every migration of the product in order; the table of applied ones is the one wrangler keeps. */
const MIGRATIONS: readonly { name: string; text: string }[] = [
  { name: "0001_foundation.sql", text: foundation },
  { name: "0002_deviceauth.sql", text: deviceauth },
  { name: "0003_useradm.sql", text: useradm },
  { name: "0004_inventory.sql", text: inventory },
  { name: "0005_releases.sql", text: releases },
  { name: "0006_deployments.sql", text: deployments },
  { name: "0007_deviceconfig.sql", text: deviceconfig },
  { name: "0008_deviceconnect.sql", text: deviceconnect },
  { name: "0009_workflows.sql", text: workflows },
  { name: "0010_own_sessions.sql", text: ownSessions },
  { name: "0011_configuration_priority.sql", text: configurationPriority },
  { name: "0013_tenant_head.sql", text: tenantHead },
  { name: "0016_outbox_by_tenant.sql", text: outboxByTenant },
  { name: "0018_text_stems.sql", text: textStems },
  { name: "0020_artifact_upload_time.sql", text: artifactUploadTime },
  { name: "0026_waiting_devices.sql", text: waitingDevices },
  { name: "0029_audit_plain.sql", text: auditPlain },
  { name: "0032_identity_lists.sql", text: identityLists },
  { name: "0034_account_mails.sql", text: accountMails },
  { name: "0035_second_factor.sql", text: secondFactor },
  { name: "0036_roles.sql", text: roles },
  { name: "0038_tenants.sql", text: tenants },
  { name: "0041_audit_chain.sql", text: auditChain },
  { name: "0042_consent.sql", text: consent },
  { name: "0043_memberships.sql", text: memberships },
  { name: "0044_usage.sql", text: usage },
  { name: "0046_passkeys.sql", text: passkeys },
  { name: "0047_scim.sql", text: scim },
  { name: "0048_sso.sql", text: sso },
  { name: "0050_rollouts.sql", text: rollouts },
  { name: "0052_iot_manager.sql", text: iotManager },
  { name: "0053_device_monitor.sql", text: deviceMonitor },
  { name: "0054_told_changes.sql", text: toldChanges },
  { name: "0059_session_providers.sql", text: sessionProviders },
  { name: "0060_judge.sql", text: judge },
  { name: "0061_providers.sql", text: providers },
  { name: "0062_usage_told.sql", text: usageTold },
  { name: "0063_watches.sql", text: watches },
  { name: "0064_limits_of_rollouts.sql", text: limitsOfRollouts },
  { name: "0065_failures_and_progress.sql", text: failuresAndProgress },
  { name: "0066_templates_and_windows.sql", text: templatesAndWindows },
  { name: "0067_weights.sql", text: weights },
  { name: "0068_event_stream.sql", text: eventStream },
  { name: "0069_webhooks.sql", text: webhooks },
  { name: "0075_server_alerts.sql", text: serverAlerts },
  { name: "0081_tenant_exports.sql", text: tenantExports },
  { name: "0090_homes.sql", text: homes },
  { name: "0091_moves.sql", text: moves },
  { name: "0092_door_turns.sql", text: doorTurns },
  { name: "0095_watch_settling.sql", text: watchSettling },
  { name: "0096_retry_causes.sql", text: retryCauses },
  { name: "0097_download_ahead.sql", text: downloadAhead },
  { name: "0100_told_alerts.sql", text: toldAlerts },
  { name: "0110_tenant_imports.sql", text: tenantImports },
  { name: "0115_pledges.sql", text: pledges },
  { name: "0116_moved_values.sql", text: movedValues },
  { name: "0120_journals.sql", text: journals },
  { name: "0121_asked_journals.sql", text: askedJournals },
  { name: "0122_brought_along.sql", text: broughtAlong },
  { name: "0125_restores.sql", text: restores },
  { name: "0130_slices.sql", text: slices },
  { name: "0134_brief_marks.sql", text: briefMarks },
];

/** Names the state of a database that has all migrations. */
export const LAST_MIGRATION = MIGRATIONS.at(-1)?.name ?? "";

/** Whether a database can have had this migration as its last one. */
export const isKnownMigration = (named: string): boolean => MIGRATIONS.some(({ name }) => name === named);

/** Statements end with a semicolon at the end of a line; what follows them starts in the first column. */
const splitStatements = (text: string): string[] =>
  text
    .replace(/^\s*--.*\n/gm, "")
    .split(/;\s*\n(?=\S|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

const raw = (text: string) => change(sql.raw(text));

/** Applies what is missing, each migration in one transaction. Returns the names applied now. */
export async function migrate(db: Database): Promise<string[]> {
  await db.one(
    raw(`CREATE TABLE IF NOT EXISTS d1_migrations (
      id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
      applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`),
  );
  const applied = new Set(
    (
      await db.one(rows<Row<typeof d1MigrationsTable, "name">>(sql`SELECT name FROM ${d1MigrationsTable}`))
    ).map((r) => r.name),
  );
  const missing = MIGRATIONS.filter(({ name }) => !applied.has(name));
  for (const { name, text } of missing) {
    await db.batch([
      ...splitStatements(text).map(raw),
      change(sql`INSERT ${into(d1MigrationsTable, "name")} VALUES (${name})`),
    ]);
  }
  return missing.map(({ name }) => name);
}
