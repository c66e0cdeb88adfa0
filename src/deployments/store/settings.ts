import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { into, type Row } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { deploymentGroupWindowsTable } from "../record-tables.ts";
import { deploymentSettingsTable } from "../rollout-tables.ts";

/** Windows are JSON. */
export interface Settings {
  approvals: number;
  windows: string | null;
  group_windows: string | null;
}

/** What rollouts of the tenant, and of a group if one is named, have to keep to. */
export const settingsOf = (tenant: TenantId, group = ""): Statement<Settings> =>
  mapped(
    firstRow<Settings>(sql`
      SELECT coalesce((SELECT approvals FROM ${deploymentSettingsTable} WHERE tenant_id = ${tenant}), 0) AS approvals,
        (SELECT windows FROM ${deploymentSettingsTable} WHERE tenant_id = ${tenant}) AS windows,
        (SELECT windows FROM ${deploymentGroupWindowsTable} WHERE tenant_id = ${tenant} AND group_name = ${group}) AS group_windows`),
    (row) => row ?? { approvals: 0, windows: null, group_windows: null },
  );

export type GroupWindows = Row<typeof deploymentGroupWindowsTable, "group_name" | "windows">;

/** Windows of the groups in which some of these devices are; who they are is a query for `device_id`. */
export const windowsOfGroups = (tenant: TenantId, devices: SQL): Statement<GroupWindows[]> =>
  rows(sql`
    SELECT w.group_name, w.windows FROM (SELECT DISTINCT i.group_name AS name FROM (
        SELECT 1 FROM ${deploymentGroupWindowsTable} WHERE tenant_id = ${tenant} LIMIT 1) some
      CROSS JOIN (${devices}) f
      CROSS JOIN ${inventoryDevicesTable} i ON i.tenant_id = ${tenant} AND i.device_id = f.device_id) g
    CROSS JOIN ${deploymentGroupWindowsTable} w ON w.tenant_id = ${tenant} AND w.group_name = g.name
    ORDER BY w.group_name`);

export const windowsOfListed = (tenant: TenantId, devices: readonly string[]): Statement<GroupWindows[]> =>
  windowsOfGroups(tenant, sql`SELECT value AS device_id FROM json_each(${JSON.stringify(devices)})`);

export const setSettings = (
  tenant: TenantId,
  { approvals, windows }: { approvals: number; windows: string | null },
): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentSettingsTable, "tenant_id, approvals, windows")} VALUES (${tenant}, ${approvals}, ${windows})
    ON CONFLICT (tenant_id) DO UPDATE SET approvals = excluded.approvals, windows = excluded.windows`);

/** At most so many groups have windows of their own. */
export const MAX_GROUPS = 1000;

/** Changes nothing for a group that would be one too many. */
export const setGroupWindows = (tenant: TenantId, group: string, windows: string): Statement<number> =>
  change(sql`
    INSERT ${into(deploymentGroupWindowsTable, "tenant_id, group_name, windows")}
    SELECT ${tenant}, ${group}, ${windows} WHERE ${MAX_GROUPS} > (
      SELECT count(*) FROM ${deploymentGroupWindowsTable} WHERE tenant_id = ${tenant} AND group_name <> ${group})
    ON CONFLICT DO UPDATE SET windows = excluded.windows`);

export const dropGroupWindows = (tenant: TenantId, group: string): Statement<number> =>
  change(sql`
    DELETE FROM ${deploymentGroupWindowsTable} WHERE tenant_id = ${tenant} AND group_name = ${group}`);
