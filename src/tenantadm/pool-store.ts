import { sql } from "drizzle-orm";
import { into } from "../platform/columns.ts";
import { change, demand, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { deviceCountsTable, limitNameOf, TIERS } from "../deviceauth/index.ts";
import { tenantLimitsTable, tenantsTable } from "../tenants/index.ts";
import type { TierLimit } from "./tenant-wire.ts";

/** Names of the refusals of a batch. */
export const POOL = "device-pool";
export const CHILDREN_LIMIT = "children-limit";

/** Negative for no limit. */
const limitOf = (tenant: TenantId, name: TierLimit) => sql`COALESCE(
    (SELECT value FROM ${tenantLimitsTable} WHERE tenant_id = ${tenant} AND name = ${name}), -1)`;

/** Writes the share of a child; one that is not said is nothing of a pool and no limit where there is no pool. */
export const giveShareStatement = (
  parent: TenantId,
  child: TenantId,
  name: TierLimit,
  value: number | undefined,
): Statement<number> =>
  change(sql`
    INSERT ${into(tenantLimitsTable, "tenant_id, name, value")}
    SELECT ${child}, ${name}, COALESCE(${value ?? null}, CASE WHEN ${limitOf(parent, name)} < 0 THEN -1 ELSE 0 END) WHERE 1
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value`);

/** Accepted devices of a tenant by tier, where they are not in the database of the batch. */
export type OwnDevices = ReadonlyMap<string, number>;

export const ownDevicesStatement = (tenant: TenantId): Statement<OwnDevices> =>
  mapped(
    rows<{ tier: string; devices: number }>(sql`
      SELECT tier, devices FROM ${deviceCountsTable} WHERE tenant_id = ${tenant} AND status = 'accepted'`),
    (found) => new Map(found.map(({ tier, devices }) => [tier, devices])),
  );

/**
 * Fails the batch, after the shares were written, if all children and the service provider's own devices together have
 * more than its limit. A child without limit fits no pool.
 */
export function demandShareStatement(
  parent: TenantId,
  name: TierLimit,
  counted: OwnDevices | undefined,
): Statement<void> {
  const tier = TIERS.find((one) => limitNameOf(one) === name) ?? "";
  const own = counted
    ? sql`${counted.get(tier) ?? 0}`
    : sql`COALESCE((SELECT devices FROM ${deviceCountsTable}
    WHERE tenant_id = ${parent} AND status = 'accepted' AND tier = ${tier}), 0)`;
  const given = sql`SELECT COALESCE(SUM(CASE WHEN l.value < 0 THEN ${limitOf(parent, name)} + 1 ELSE l.value END), 0)
    FROM ${tenantsTable} t JOIN ${tenantLimitsTable} l ON l.tenant_id = t.tenant_id AND l.name = ${name}
    WHERE t.parent_id = ${parent}`;
  return demand(sql`${limitOf(parent, name)} < 0 OR (${given}) + ${own} <= ${limitOf(parent, name)}`, POOL);
}

/** Fails the batch if the service provider has more children than it may, the new one among them. */
export const demandRoomForChild = (parent: TenantId): Statement<void> =>
  demand(
    sql`(SELECT COUNT(*) FROM ${tenantsTable} c WHERE c.parent_id = ${parent}) <= (
      SELECT COALESCE(p.max_children, 1e9) FROM ${tenantsTable} p WHERE p.tenant_id = ${parent})`,
    CHILDREN_LIMIT,
  );
