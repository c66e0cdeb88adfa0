import { sql } from "drizzle-orm";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import type { TroubleSource } from "../platform/trouble.ts";
import { into } from "../platform/columns.ts";
import { tenantsTable } from "../tenants/index.ts";
import { definitionsOf } from "./roles/store.ts";
import { hasPlace, ofAccount } from "./membership-store.ts";
import { mustEnrol } from "./second-factor-store.ts";
import { membershipsTable, userTokensTable, usersTable } from "./tables.ts";

/** The record of a personal token. It names the token and cannot be turned into one. */
export interface TokenRecord {
  id: string;
  tenant: TenantId;
  user: UserId;
  name: string;
  createdMs: number;
  /** Null for a token that never expires. */
  expiresMs: number | null;
  /** What it may do less than its user, as `TokenLimits` in JSON. */
  limits?: string | null;
}

export interface PersonalToken {
  id: string;
  name: string;
  createdMs: number;
  expiresMs: number | null;
  lastUsedMs: number | null;
  limits: string | null;
}

const ofUser = (tenant: TenantId, user: UserId) => sql`tenant_id = ${tenant} AND user_id = ${user}`;

const intoTokens = into(
  userTokensTable,
  "tenant_id, user_id, token_id, name, created_ms, expires_ms, limits",
);

const values = (token: TokenRecord) =>
  sql`SELECT ${token.tenant}, ${token.user}, ${token.id}, ${token.name}, ${token.createdMs}, ${token.expiresMs}, ${token.limits ?? null}`;

export const removeExpiredStatement = (tenant: TenantId, user: UserId, nowMs: number): Statement<number> =>
  change(sql`DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)} AND expires_ms <= ${nowMs}`);

export const countPersonalStatement = (tenant: TenantId, user: UserId): Statement<number> =>
  mapped(
    firstRow<{ tokens: number }>(
      sql`SELECT COUNT(*) AS tokens FROM ${userTokensTable} WHERE ${ofUser(tenant, user)} AND name IS NOT NULL`,
    ),
    (row) => row?.tokens ?? 0,
  );

/** Adds a personal token unless the user has one of that name or too many, or the tenant was suspended meanwhile. */
export const addPersonalStatement = (token: TokenRecord, max: number): Statement<number> =>
  change(sql`
    INSERT ${intoTokens} ${values(token)}
    WHERE EXISTS (SELECT 1 FROM ${tenantsTable} t WHERE t.tenant_id = ${token.tenant} AND t.status = 'active') AND (SELECT COUNT(*) FROM ${userTokensTable} WHERE ${ofUser(token.tenant, token.user)} AND name IS NOT NULL) < ${max}
    ON CONFLICT DO NOTHING`);

export const personalTokensStatement = (
  tenant: TenantId,
  user: UserId,
  nowMs: number,
): Statement<PersonalToken[]> =>
  rows(sql`
    SELECT token_id AS id, name, created_ms AS createdMs, expires_ms AS expiresMs, last_used_ms AS lastUsedMs, limits
    FROM ${userTokensTable}
    WHERE ${ofUser(tenant, user)} AND name IS NOT NULL AND (expires_ms IS NULL OR expires_ms > ${nowMs})
    ORDER BY created_ms, token_id`);

export const removeTokenStatement = (tenant: TenantId, user: UserId, id: string): Statement<number> =>
  change(sql`DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)} AND token_id = ${id}`);

/** Ends all tokens of a user in a tenant, except one, if the statement before it in the batch changed something. */
export const removeTokensIfChanged = (tenant: TenantId, user: UserId, except: string): Statement<number> =>
  change(
    sql`DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)} AND token_id <> ${except} AND changes() > 0`,
  );

/** The same in every tenant that the user has a place in. */
export const removeTokensEverywhereIfChanged = (
  home: TenantId,
  user: UserId,
  except: string,
): Statement<number> =>
  change(
    sql`DELETE FROM ${userTokensTable} WHERE ${ofAccount(home, user)} AND token_id <> ${except} AND changes() > 0`,
  );

/** Ends all tokens of a user who is gone. */
export const removeTokensOfRemovedStatement = (tenant: TenantId, user: UserId): Statement<number> =>
  change(sql`
    DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)}
      AND NOT ${hasPlace(tenant, user)}`);

/** Ends all tokens of a tenant, or of one user of it. */
export const removeTokensStatement = (tenant: TenantId, user: UserId | undefined): Statement<number> =>
  change(
    user === undefined
      ? sql`DELETE FROM ${userTokensTable} WHERE tenant_id = ${tenant}`
      : sql`DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)}`,
  );

/** Ends all tokens of a tenant's users if the statement before it in the batch changed something. */
export const removeTenantTokensIfChanged = (tenant: TenantId): Statement<number> =>
  change(sql`DELETE FROM ${userTokensTable} WHERE tenant_id = ${tenant} AND changes() > 0`);

/** Stamps the use of a personal token, at most once in the interval. */
export const touchTokenStatement = (
  tenant: TenantId,
  user: UserId,
  id: string,
  nowMs: number,
  intervalMs: number,
): Statement<number> =>
  change(sql`
    UPDATE ${userTokensTable} SET last_used_ms = ${nowMs}
    WHERE ${ofUser(tenant, user)} AND token_id = ${id}
      AND (last_used_ms IS NULL OR last_used_ms <= ${nowMs - intervalMs})`);

/** A token that is good now, and whose it is. */
export interface LiveToken {
  email: string;
  home: TenantId;
  roles: string;
  mustEnrol: number;
  /** What the tenant has defined of these roles, as `definitionsOf` says. */
  definitions: string;
  limits: string | null;
  name: string | null;
  lastUsedMs: number | null;
  expiresMs: number | null;
  plan: string;
  addons: string;
  trialEndsMs: number | null;
  apiLimits: string | null;
}

const roles = sql`coalesce(m.roles, u.roles)`;

export const liveToken = (
  tenant: string,
  subject: string,
  token: string,
  nowMs: number,
): Statement<LiveToken | undefined> =>
  firstRow(sql`
    SELECT u.email AS email, u.tenant_id AS home, ${roles} AS roles, ${mustEnrol(sql`u`, sql`t`, roles)} AS mustEnrol, k.limits AS limits,
      ${definitionsOf(sql`k.tenant_id`, roles, sql`k.limits`)} AS definitions, k.name AS name, k.last_used_ms AS lastUsedMs, k.expires_ms AS expiresMs,
      t.plan AS plan, t.addons AS addons, t.trial_ends_ms AS trialEndsMs, t.api_limits AS apiLimits
    FROM ${userTokensTable} k
    LEFT JOIN ${membershipsTable} m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
    JOIN ${usersTable} u ON u.tenant_id = coalesce(m.home_id, k.tenant_id) AND u.user_id = k.user_id
    JOIN ${tenantsTable} t ON t.tenant_id = k.tenant_id
    WHERE k.tenant_id = ${tenant} AND k.user_id = ${subject} AND k.token_id = ${token}
      AND (k.expires_ms IS NULL OR k.expires_ms > ${nowMs}) AND u.suspended_ms IS NULL AND t.status = 'active'`);

const DAY_MS = 86_400_000;

/** Tokens for programs that end within so many days. */
export const endingTokens: TroubleSource = (tenant, { threshold, nowMs, limit }) =>
  mapped(
    rows<{ id: string; name: string; expires_ms: number }>(sql`
      SELECT token_id AS id, name, expires_ms FROM ${userTokensTable} INDEXED BY user_tokens_ending
      WHERE tenant_id = ${tenant} AND name IS NOT NULL AND expires_ms > ${nowMs}
        AND expires_ms <= ${nowMs + threshold * DAY_MS}
      ORDER BY expires_ms LIMIT ${limit}`),
    (found) =>
      found.map(({ id, name, expires_ms: endsMs }) => ({
        object: id,
        measure: (endsMs - nowMs) / DAY_MS,
        text: `The token ${name} ends on ${new Date(endsMs).toISOString().slice(0, 10)}`,
      })),
  );
