import { sql } from "drizzle-orm";
import { inJson, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { valuePath } from "../attributes.ts";
import type { Row } from "../../platform/columns.ts";
import { all, columnOf, onDevice } from "./conditions.ts";
import type { Term } from "../search/terms.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";

const these = (tenant: TenantId, devices: readonly DeviceId[]) =>
  sql`d.tenant_id = ${tenant} AND ${inJson(sql`d.device_id`, devices)}`;

/** Those of the devices that satisfy all terms: one row read for each. */
export const satisfying = (
  tenant: TenantId,
  devices: readonly DeviceId[],
  terms: readonly Term[],
): Statement<Row<typeof inventoryDevicesTable, "device_id">[]> =>
  rows(sql`SELECT d.device_id FROM ${inventoryDevicesTable} d
    WHERE ${these(tenant, devices)} AND ${all(terms.map(onDevice))}`);

/** The different texts that the devices have under a key, in the form in which texts are searchable. */
export function textsAmong(
  tenant: TenantId,
  devices: readonly DeviceId[],
  key: string,
): Statement<{ value: string }[]> {
  const column = columnOf(key);
  if (column) {
    return rows(sql`SELECT DISTINCT ${column} AS value FROM ${inventoryDevicesTable} d
      WHERE ${these(tenant, devices)} AND ${column} IS NOT NULL`);
  }
  return rows(sql`SELECT DISTINCT substr(m.atom, 1, 256) AS value
    FROM ${inventoryDevicesTable} d CROSS JOIN json_each(d.attributes, ${valuePath(key)}) m
    WHERE ${these(tenant, devices)} AND m.type = 'text'`);
}

/** The static groups of devices, without those that are in none. */
export const groupsOf = (
  tenant: TenantId,
  devices: readonly DeviceId[],
): Statement<{ device_id: DeviceId; group_name: string }[]> =>
  rows(sql`SELECT d.device_id, d.group_name FROM ${inventoryDevicesTable} d
    WHERE ${these(tenant, devices)} AND d.group_name IS NOT NULL`);
