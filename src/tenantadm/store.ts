import { sql, type SQL } from "drizzle-orm";
import { inJson, rows, type Statement } from "../platform/database.ts";
import type { LimitName } from "../platform/limit-names.ts";
import type { TenantId } from "../platform/ids.ts";
import { deviceCountsTable, limitNameOf, TIERS } from "../deviceauth/index.ts";
import { tenantLimitsTable, tenantsTable } from "../tenants/index.ts";

export interface Figure {
  tenant: TenantId;
  name: LimitName;
  value: number;
}

/** Limits of these tenants. */
export const limitsOfStatement = (tenants: readonly TenantId[]): Statement<Figure[]> =>
  rows(sql`
    SELECT tenant_id AS tenant, name, value FROM ${tenantLimitsTable} WHERE ${inJson(sql`tenant_id`, tenants)}`);

/** Stands for figures that are asked for elsewhere. */
export const noFigures: Statement<Figure[]> = rows(sql`SELECT 1 WHERE 0`);

const limitOfTier = sql.join(
  TIERS.map((tier) => sql`WHEN ${tier} THEN ${limitNameOf(tier)}`),
  sql` `,
);

/** Accepted devices of these tenants by the limit that holds them. */
export const acceptedOfStatement = (tenants: readonly TenantId[]): Statement<Figure[]> =>
  rows(sql`
    SELECT tenant_id AS tenant, CASE tier ${limitOfTier} END AS name, devices AS value FROM ${deviceCountsTable}
    WHERE ${inJson(sql`tenant_id`, tenants)} AND status = 'accepted'`);

/** What a service provider has given to its children, by limit; -1 in one of them is not a share and counts as none. */
export const givenStatement = (parent: TenantId): Statement<Figure[]> =>
  rows(sql`
    SELECT ${parent} AS tenant, l.name AS name, SUM(MAX(l.value, 0)) AS value
    FROM ${tenantsTable} t JOIN ${tenantLimitsTable} l ON l.tenant_id = t.tenant_id
    WHERE t.parent_id = ${parent} GROUP BY l.name`);

/** True for accounts, as `u`, of one tenant or of all but those that do not let the operator look into them. */
export const visibleAccounts = (tenant: TenantId | undefined, closed: readonly TenantId[]): SQL =>
  tenant === undefined ? sql`NOT ${inJson(sql`u.tenant_id`, closed)}` : sql`u.tenant_id = ${tenant}`;
