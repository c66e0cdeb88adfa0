import { sql } from "drizzle-orm";
import { change, demand, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { into } from "../platform/columns.ts";
import { tenantLimitsTable } from "../tenants/index.ts";
import { devicesTable } from "../devices/index.ts";
import { DEFAULT_TEST_DEVICES, TEST_DEVICE_LIMIT } from "./limit-store.ts";
import { testDeviceChangesTable } from "./tables.ts";

const CHANGES_A_DAY = 20;

/** Fails the batch if the tenant may not have another test device. */
export const demandTestDeviceLeft = (tenant: TenantId): Statement<void> => {
  const limit = sql`COALESCE((SELECT value FROM ${tenantLimitsTable}
    WHERE tenant_id = ${tenant} AND name = ${TEST_DEVICE_LIMIT}), ${DEFAULT_TEST_DEVICES})`;
  const present = sql`(SELECT COUNT(*) FROM ${devicesTable} INDEXED BY devices_for_tests
    WHERE tenant_id = ${tenant} AND test_device = 1)`;
  return demand(sql`${limit} < 0 OR ${present} < ${limit}`, "test-device-limit");
};

/** Fails the batch if the tenant has named or unnamed enough test devices for a day. */
export const demandChangeLeft = (tenant: TenantId, day: number): Statement<void> =>
  demand(
    sql`COALESCE((SELECT changes FROM ${testDeviceChangesTable} WHERE tenant_id = ${tenant} AND day = ${day}), 0) < ${CHANGES_A_DAY}`,
    "test-device-changes",
  );

export const countChangeStatement = (tenant: TenantId, day: number): Statement<number> =>
  change(sql`
    INSERT ${into(testDeviceChangesTable, "tenant_id, day, changes")} VALUES (${tenant}, ${day}, 1)
    ON CONFLICT DO UPDATE SET changes = changes + 1`);

/** Forgets the counts of days before this one. */
export const forgetChangesStatement = (tenant: TenantId, day: number): Statement<number> =>
  change(sql`DELETE FROM ${testDeviceChangesTable} WHERE tenant_id = ${tenant} AND day < ${day}`);

export const setTestDeviceStatement = (
  tenant: TenantId,
  device: string,
  isTestDevice: boolean,
): Statement<number> =>
  change(sql`
    UPDATE ${devicesTable} SET test_device = ${Number(isTestDevice)}, revision = revision + 1
    WHERE tenant_id = ${tenant} AND device_id = ${device}`);
