import { sql } from "drizzle-orm";
import { change, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { inventoryDevicesTable } from "../../devices/index.ts";
import { inventoryKeysTable, inventoryTotalsTable, inventoryFiltersTable } from "../tables.ts";

/** Removes up to `limit` devices of a tenant, and what else it has here. The first result tells if there were any. */
export const removeTenantRows = (
  tenant: TenantId,
  limit: number,
): [Statement<number>, ...Statement<number>[]] => [
  change(sql`
    DELETE FROM ${inventoryDevicesTable} WHERE device_no IN (
      SELECT device_no FROM ${inventoryDevicesTable} WHERE tenant_id = ${tenant} LIMIT ${limit})`),
  change(sql`DELETE FROM ${inventoryKeysTable} WHERE tenant_id = ${tenant} AND devices = 0`),
  change(sql`DELETE FROM ${inventoryTotalsTable} WHERE tenant_id = ${tenant}`),
  change(sql`DELETE FROM ${inventoryFiltersTable} WHERE tenant_id = ${tenant}`),
];
