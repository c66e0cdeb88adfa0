import { sql } from "drizzle-orm";
import { demand, inJson, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import type { LimitName } from "../tenants/index.ts";
import { tenantLimitsTable } from "../tenants/index.ts";
import type { Tier } from "./states.ts";
import { deviceCountsTable } from "./tables.ts";

export const limitNameOf = (tier: Tier): LimitName =>
  tier === "standard" ? "max_devices" : `max_${tier}_devices`;

export const TEST_DEVICE_LIMIT = "max_test_devices";
/** Name of the limit of devices that wait for a decision. */
export const WAITING_LIMIT = "max_waiting_devices";

/** Test devices a tenant may have unless another limit is set. */
export const DEFAULT_TEST_DEVICES = 10;

/** Fails the batch if one more accepted device of this tier would exceed the tenant's limit; -1 and none are no limit. */
export const demandBelowLimit = (tenant: TenantId, tier: Tier): Statement<void> => {
  const limit = sql`(SELECT value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${limitNameOf(tier)})`;
  const accepted = sql`(SELECT devices FROM ${deviceCountsTable}
    WHERE tenant_id = ${tenant} AND status = 'accepted' AND tier = ${tier})`;
  return demand(sql`COALESCE(${limit}, -1) < 0 OR COALESCE(${accepted}, 0) < ${limit}`, "device-limit");
};

/** The named limits of these tenants. */
export const limitsOfTenantsStatement = (
  tenants: readonly string[],
): Statement<{ tenant: TenantId; name: string; value: number }[]> =>
  rows(
    sql`SELECT tenant_id AS tenant, name, value FROM ${tenantLimitsTable} WHERE ${inJson(sql`tenant_id`, tenants)}`,
  );
