import { sql, type SQL } from "drizzle-orm";
import { change, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import { into, columnsOf, type RowOf, type Row } from "../platform/columns.ts";
import { devicesTable } from "../devices/index.ts";
import type { TroubleSource } from "../platform/trouble.ts";
import type { ConfigurationValues } from "./schema.ts";
import { deviceConfigurationsTable, configurationDefaultsTable } from "./tables.ts";

const columns = columnsOf(
  deviceConfigurationsTable,
  "configured, reported, deployment_id, updated_ms, reported_ms",
);

export type ConfigurationRow = RowOf<typeof columns>;

export const configurationOf = (
  tenant: TenantId,
  device: DeviceId,
): Statement<ConfigurationRow | undefined> =>
  firstRow<ConfigurationRow>(sql`
    SELECT ${columns} FROM ${deviceConfigurationsTable}
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export const configurationsOf = (
  tenant: TenantId,
  devices: readonly DeviceId[],
): Statement<Row<typeof deviceConfigurationsTable, "device_id" | "configured" | "reported">[]> =>
  rows(sql`
    SELECT device_id, configured, reported FROM ${deviceConfigurationsTable}
    WHERE tenant_id = ${tenant} AND ${inJson(sql`device_id`, devices)}`);

/** A known device, as the condition of a write: nothing is kept for devices that the tenant does not have. */
const known = (tenant: TenantId, device: DeviceId) =>
  sql`EXISTS (SELECT 1 FROM ${devicesTable} WHERE tenant_id = ${tenant} AND device_id = ${device})`;

export const addRecord = (tenant: TenantId, device: DeviceId, atMs: number): Statement<number> =>
  change(sql`
    INSERT OR IGNORE ${into(deviceConfigurationsTable, "tenant_id, device_id, updated_ms")}
    SELECT ${tenant}, ${device}, ${atMs} WHERE ${known(tenant, device)}`);

/** Replaces what is wanted of a known device. */
export const setConfigured = (
  tenant: TenantId,
  device: DeviceId,
  values: ConfigurationValues,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(deviceConfigurationsTable, "tenant_id, device_id, configured, updated_ms")}
    SELECT ${tenant}, ${device}, ${JSON.stringify(values)}, ${atMs} WHERE ${known(tenant, device)}
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET configured = excluded.configured, updated_ms = excluded.updated_ms`);

/** Merges values into what is wanted of a known device. */
export const mergeConfigured = (
  tenant: TenantId,
  device: DeviceId,
  values: ConfigurationValues,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(deviceConfigurationsTable, "tenant_id, device_id, configured, updated_ms")}
    SELECT ${tenant}, ${device}, ${JSON.stringify(values)}, ${atMs} WHERE ${known(tenant, device)}
    ON CONFLICT (tenant_id, device_id) DO UPDATE
    SET configured = json_patch(configured, excluded.configured), updated_ms = excluded.updated_ms`);

/** Replaces what a device says it runs with, if the condition holds. Only the time moves when it says the same again. */
export const setReported = (
  tenant: TenantId,
  device: DeviceId,
  reported: { values: ConfigurationValues; atMs: number; condition: SQL },
): Statement<number> =>
  change(sql`
    INSERT ${into(deviceConfigurationsTable, "tenant_id, device_id, reported, reported_ms")}
    SELECT ${tenant}, ${device}, ${JSON.stringify(reported.values)}, ${reported.atMs} WHERE ${reported.condition}
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET reported = excluded.reported, reported_ms = excluded.reported_ms`);

/** Whether a device, for which the condition holds, says something else than before. */
export const saysOtherwise = (
  tenant: TenantId,
  device: DeviceId,
  { values, condition }: { values: ConfigurationValues; condition: SQL },
): SQL => sql`(${condition}) AND coalesce((
  SELECT reported FROM ${deviceConfigurationsTable} WHERE tenant_id = ${tenant} AND device_id = ${device}), '{}')
  <> ${JSON.stringify(values)}`;

/** Notes the last deployment of a device's configuration if the statement before it in the batch made that. */
export const setDeploymentIfChanged = (
  tenant: TenantId,
  device: DeviceId,
  deployment: string,
): Statement<number> =>
  change(sql`
    INSERT ${into(deviceConfigurationsTable, "tenant_id, device_id, deployment_id")}
    SELECT ${tenant}, ${device}, ${deployment} WHERE changes() > 0
    ON CONFLICT (tenant_id, device_id) DO UPDATE SET deployment_id = excluded.deployment_id`);

const HOUR_MS = 3_600_000;
/** A change is minded for so long: who does not take it by then never will. */
const MINDED_MS = 30 * 24 * HOUR_MS;
/** Devices that are looked at, those first that were changed first. */
const LOOKED_AT = 2000;

/** Devices that do not run with a value of their own so many hours after it was set. */
export const devicesApart: TroubleSource = (tenant, { threshold, nowMs, limit }) =>
  mapped(
    rows<{ device: DeviceId; updated_ms: number }>(sql`
      SELECT device_id AS device, updated_ms FROM (
        SELECT device_id, updated_ms, configured, reported FROM ${deviceConfigurationsTable}
        INDEXED BY device_configurations_apart
        WHERE tenant_id = ${tenant} AND configured <> reported AND reported_ms IS NOT NULL
          AND updated_ms > ${nowMs - MINDED_MS} AND updated_ms <= ${nowMs - threshold * HOUR_MS}
        ORDER BY updated_ms LIMIT ${LOOKED_AT}) c
      WHERE EXISTS (
        SELECT 1 FROM json_each(c.configured) v WHERE NOT EXISTS (
          SELECT 1 FROM json_each(c.reported) r WHERE r.key = v.key AND r.value = v.value))
      LIMIT ${limit}`),
    (found) =>
      found.map(({ device, updated_ms: updatedMs }) => ({
        object: device,
        device,
        measure: (nowMs - updatedMs) / HOUR_MS,
        text: `Runs without the configuration of ${new Date(updatedMs).toISOString().slice(0, 10)}`,
      })),
  );

export const removeConfiguration = (tenant: TenantId, device: DeviceId): Statement<number> =>
  change(sql`DELETE FROM ${deviceConfigurationsTable} WHERE tenant_id = ${tenant} AND device_id = ${device}`);

export const removeConfigurations = (tenant: TenantId): Statement<number>[] => [
  change(sql`DELETE FROM ${deviceConfigurationsTable} WHERE tenant_id = ${tenant}`),
  change(sql`DELETE FROM ${configurationDefaultsTable} WHERE tenant_id = ${tenant}`),
];
