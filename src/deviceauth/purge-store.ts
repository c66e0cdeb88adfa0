import { sql } from "drizzle-orm";
import { altering, change } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { devicesTable, authSetsTable } from "../devices/index.ts";
import {
  deviceCountsTable,
  testDeviceChangesTable,
  autoAcceptRulesTable,
  admissionSettingsTable,
  waitingRemovalsTable,
} from "./tables.ts";

const PORTION = 400;

/** Removes a portion of a tenant's devices, with all that is not a device. The second result is 0 when none is left. */
export const removeAllStatements = (tenant: TenantId) => {
  const portion = sql`SELECT device_id FROM ${devicesTable} WHERE tenant_id = ${tenant} ORDER BY device_id LIMIT ${PORTION}`;
  return [
    altering(
      { tenant, what: { kind: "standing" } },
      change(sql`
        DELETE FROM ${authSetsTable} INDEXED BY auth_sets_by_device
        WHERE tenant_id = ${tenant} AND device_id IN (${portion})`),
    ),
    change(sql`DELETE FROM ${devicesTable} WHERE tenant_id = ${tenant} AND device_id IN (${portion})`),
    change(sql`DELETE FROM ${deviceCountsTable} WHERE tenant_id = ${tenant} AND devices = 0`),
    change(sql`DELETE FROM ${testDeviceChangesTable} WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM ${autoAcceptRulesTable} WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM ${admissionSettingsTable} WHERE tenant_id = ${tenant}`),
    change(sql`DELETE FROM ${waitingRemovalsTable} WHERE tenant_id = ${tenant}`),
  ] as const;
};
