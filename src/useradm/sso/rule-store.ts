import { sql, type SQL } from "drizzle-orm";
import { change, demand, firstRow, type Statement } from "../../platform/database.ts";
import { into, type Row } from "../../platform/columns.ts";
import type { TenantId, UserId } from "../../platform/ids.ts";
import { isUnrestricted } from "../roles/store.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { usersTable } from "../tables.ts";
import { ssoProvidersTable, ssoRulesTable, ssoSharesTable } from "./tables.ts";

/** The tenant whose providers a tenant uses. */
export const sourceOf = (tenant: SQL): SQL =>
  sql`coalesce((SELECT s.source_tenant_id FROM ${ssoSharesTable} s WHERE s.tenant_id = ${tenant}), ${tenant})`;

const hasProvider = (tenant: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM ${ssoProvidersTable} p WHERE p.tenant_id = ${sourceOf(tenant)} AND p.issuer <> '')`;

/** True for the row `alias` of an administrator with a password. */
const breaksGlass = (alias: SQL): SQL => sql`${alias}.password_hash <> '' AND ${isUnrestricted(alias)}`;

/**
 * True for a user who gets into a tenant through a provider only. The rule rests while there is no provider, or nobody left
 * to break the glass: a tenant must not be locked out.
 */
const isForced = (tenant: SQL, user: SQL): SQL => sql`(
  EXISTS (SELECT 1 FROM ${ssoRulesTable} r
    JOIN ${usersTable} b ON b.tenant_id = r.tenant_id AND b.user_id = r.break_glass AND ${breaksGlass(sql`b`)}
    WHERE r.tenant_id = ${tenant} AND r.break_glass <> ${user})
  AND ${hasProvider(tenant)})`;

/** True for the row `alias` of a user whose password is not taken. */
export const mustUseProvider = (alias: SQL): SQL => isForced(sql`${alias}.tenant_id`, sql`${alias}.user_id`);

/** True for the row `session` that a tenant does not let in: none of the providers of the tenant has vouched for its user. */
export const lacksProvider = (session: SQL, tenant: SQL): SQL => sql`(
  ${isForced(tenant, sql`${session}.user_id`)}
  AND NOT EXISTS (SELECT 1 FROM ${ssoProvidersTable} p
    WHERE p.tenant_id = ${sourceOf(tenant)} AND p.provider_id = ${session}.provider_id))`;

export const ruleStatement = (
  tenant: TenantId,
): Statement<Row<typeof ssoRulesTable, "break_glass"> | undefined> =>
  firstRow(sql`SELECT break_glass FROM ${ssoRulesTable} WHERE tenant_id = ${tenant}`);

export const NO_GLASS = "no-break-glass";
export const NO_PROVIDER = "no-provider";

const demandProvider = (tenant: SQL): Statement<void> => demand(hasProvider(tenant), NO_PROVIDER);

/** Lets users in through providers only, but this one; fails the batch where that would lock the tenant out. */
export const forceStatements = (
  tenant: TenantId,
  user: UserId,
): [Statement<void>, Statement<void>, Statement<number>] => [
  demand(
    sql`EXISTS (SELECT 1 FROM ${usersTable} u WHERE u.tenant_id = ${tenant} AND u.user_id = ${user} AND ${breaksGlass(sql`u`)})`,
    NO_GLASS,
  ),
  demandProvider(sql`${tenant}`),
  change(sql`
    INSERT ${into(ssoRulesTable, "tenant_id, break_glass")} VALUES (${tenant}, ${user})
    ON CONFLICT (tenant_id) DO UPDATE SET break_glass = excluded.break_glass`),
];

export const unforceStatement = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${ssoRulesTable} WHERE tenant_id = ${tenant}`);

/** Has a tenant use the providers of another that has some; fails the batch where it has none. */
export const shareStatements = (
  tenant: TenantId,
  source: TenantId,
): [Statement<void>, Statement<number>, Statement<number>] => [
  demandProvider(sql`${source}`),
  change(sql`DELETE FROM ${ssoProvidersTable} WHERE tenant_id = ${tenant}`),
  change(sql`
    INSERT ${into(ssoSharesTable, "tenant_id, source_tenant_id")}
    SELECT tenant_id, ${source} FROM ${tenantsTable} WHERE tenant_id = ${tenant}
    ON CONFLICT (tenant_id) DO UPDATE SET source_tenant_id = excluded.source_tenant_id`),
];

export const sharedSourceStatement = (
  tenant: TenantId,
): Statement<Row<typeof ssoSharesTable, "source_tenant_id"> | undefined> =>
  firstRow(sql`SELECT source_tenant_id FROM ${ssoSharesTable} WHERE tenant_id = ${tenant}`);
