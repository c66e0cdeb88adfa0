import { sql, type SQL } from "drizzle-orm";
import { into } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { TenantId } from "../../platform/ids.ts";
import { tenantsTable } from "../../tenants/index.ts";
import { scimTokensTable, usersTable } from "../tables.ts";
import { isUnrestricted } from "../roles/store.ts";
import { anotherAdminExists, toUser, type User, type UserRow } from "../user-store.ts";
import type { Filter } from "./filter.ts";

export interface ScimToken {
  id: string;
  name: string;
  createdMs: number;
  lastUsedMs: number | null;
}

export const scimTokensStatement = (tenant: TenantId): Statement<ScimToken[]> =>
  rows(sql`
    SELECT token_id AS id, name, created_ms AS createdMs, last_used_ms AS lastUsedMs FROM ${scimTokensTable}
    WHERE tenant_id = ${tenant} ORDER BY created_ms, token_id`);

export const addScimTokenStatement = (
  tenant: TenantId,
  token: { id: string; name: string; digest: string; createdMs: number },
  most: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(scimTokensTable, "tenant_id, token_id, name, digest, created_ms")}
    SELECT ${tenant}, ${token.id}, ${token.name}, ${token.digest}, ${token.createdMs}
    WHERE (SELECT COUNT(*) FROM ${scimTokensTable} WHERE tenant_id = ${tenant}) < ${most}`);

export const removeScimTokenStatement = (tenant: TenantId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${scimTokensTable} WHERE tenant_id = ${tenant} AND token_id = ${id}`);

export interface ScimCaller {
  tenant: TenantId;
  tokenId: string;
  lastUsedMs: number | null;
  plan: string;
  addons: string;
  trialEndsMs: number | null;
}

/** The tenant of a token, while it is active. */
export const scimCallerStatement = (digest: string): Statement<ScimCaller | undefined> =>
  firstRow(sql`
    SELECT k.tenant_id AS tenant, k.token_id AS tokenId, k.last_used_ms AS lastUsedMs, t.plan AS plan, t.addons AS addons,
      t.trial_ends_ms AS trialEndsMs
    FROM ${scimTokensTable} k JOIN ${tenantsTable} t ON t.tenant_id = k.tenant_id
    WHERE k.digest = ${digest} AND t.status = 'active'`);

export const stampScimTokenStatement = (tenant: TenantId, id: string, atMs: number): Statement<number> =>
  change(
    sql`UPDATE ${scimTokensTable} SET last_used_ms = ${atMs} WHERE tenant_id = ${tenant} AND token_id = ${id}`,
  );

const COLUMNS: Readonly<Record<string, SQL>> = {
  username: sql`email`,
  "emails.value": sql`email`,
  'emails[type eq "work"].value': sql`email`,
  externalid: sql`external_id`,
  id: sql`user_id`,
};

export const USER_FILTERS = Object.keys(COLUMNS);

function where(tenant: TenantId, filter: Filter | undefined): SQL {
  const column = filter && COLUMNS[filter.attribute];
  if (!filter || !column) return sql`tenant_id = ${tenant}`;
  const value =
    filter.attribute.includes("name") || filter.attribute.startsWith("emails")
      ? filter.value.toLowerCase()
      : filter.value;
  return sql`tenant_id = ${tenant} AND ${column} = ${value}`;
}

export const scimUsersStatements = (
  tenant: TenantId,
  filter: Filter | undefined,
  page: { start: number; count: number },
): [Statement<number>, Statement<User[]>] => [
  mapped(
    firstRow<{ n: number }>(sql`SELECT COUNT(*) AS n FROM ${usersTable} WHERE ${where(tenant, filter)}`),
    (row) => row?.n ?? 0,
  ),
  mapped(
    rows<UserRow>(sql`
      SELECT * FROM ${usersTable} WHERE ${where(tenant, filter)}
      ORDER BY created_ms, user_id LIMIT ${page.count} OFFSET ${page.start - 1}`),
    (found) => found.map(toUser),
  ),
];

/** Sets what an identity provider says beside the address; nobody takes the last administrator away. */
export const setScimStateStatement = (
  user: User,
  { externalId, isActive }: { externalId: string | null; isActive: boolean },
  atMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${usersTable} SET external_id = ${externalId},
      suspended_ms = CASE WHEN ${Number(isActive)} THEN NULL ELSE coalesce(suspended_ms, ${atMs}) END, updated_ms = ${atMs}
    WHERE tenant_id = ${user.tenant} AND user_id = ${user.id}
      AND (${Number(isActive)} OR NOT ${isUnrestricted(sql`${usersTable}`)} OR ${anotherAdminExists(user.tenant, user.id)})`);

export const EXTERNAL_ID_KEY = "users.tenant_id, users.external_id";
