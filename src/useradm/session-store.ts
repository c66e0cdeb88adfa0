import { sql, type SQL } from "drizzle-orm";
import { change, rows, type Statement } from "../platform/database.ts";
import { into } from "../platform/columns.ts";
import type { TenantId, UserId } from "../platform/ids.ts";
import { userTokensTable } from "./tables.ts";

/** Of one user in one tenant. */
export const MAX_SESSIONS = 10;

/** Where a session was opened, as far as it is known. */
export interface Place {
  userAgent: string | null;
  /** The address, or the network of an IPv6 address. */
  network: string | null;
}

export interface NewSession extends Place {
  id: string;
  tenant: TenantId;
  user: UserId;
  createdMs: number;
  /** Null for one without end. */
  expiresMs: number | null;
  /** Which provider vouched for the user; null for a password or a passkey. */
  provider: string | null;
  /** What the provider calls the session, if it does. */
  providerSession: string | null;
}

export interface Session extends Place {
  id: string;
  createdMs: number;
  expiresMs: number | null;
  lastUsedMs: number | null;
}

const ofUser = (tenant: TenantId, user: UserId) =>
  sql`tenant_id = ${tenant} AND user_id = ${user} AND name IS NULL`;

/** Adds a session if the statement before it in the batch changed something. */
export const addSessionIfChanged = (session: NewSession): Statement<number> =>
  change(sql`
    INSERT ${into(userTokensTable, "tenant_id, user_id, token_id, created_ms, expires_ms, user_agent, network, provider_id, provider_session")}
    SELECT ${session.tenant}, ${session.user}, ${session.id}, ${session.createdMs}, ${session.expiresMs}, ${session.userAgent}, ${session.network},
      ${session.provider}, ${session.providerSession}
    WHERE changes() > 0`);

/** Keeps this session and the newest others of its user; personal tokens are not counted. */
export const trimSessionsStatement = (
  newest: Pick<NewSession, "tenant" | "user" | "id">,
  keep: number,
): Statement<number> =>
  change(sql`
    DELETE FROM ${userTokensTable} WHERE ${ofUser(newest.tenant, newest.user)} AND token_id NOT IN (
      SELECT token_id FROM ${userTokensTable} WHERE ${ofUser(newest.tenant, newest.user)}
      ORDER BY token_id = ${newest.id} DESC, created_ms DESC LIMIT ${keep})`);

/** Sessions that are open, the newest first. */
export const sessionsStatement = (tenant: TenantId, user: UserId, nowMs: number): Statement<Session[]> =>
  rows(sql`
    SELECT token_id AS id, created_ms AS createdMs, expires_ms AS expiresMs, last_used_ms AS lastUsedMs,
      user_agent AS userAgent, network
    FROM ${userTokensTable}
    WHERE ${ofUser(tenant, user)} AND (expires_ms IS NULL OR expires_ms > ${nowMs})
    ORDER BY created_ms DESC, token_id`);

const endWhere = (tenant: TenantId, user: UserId, condition: SQL): Statement<number> =>
  change(sql`DELETE FROM ${userTokensTable} WHERE ${ofUser(tenant, user)} AND ${condition}`);

export const endSessionStatement = (tenant: TenantId, user: UserId, id: string): Statement<number> =>
  endWhere(tenant, user, sql`token_id = ${id}`);

/** Ends all sessions but one; personal tokens stay. */
export const endSessionsStatement = (tenant: TenantId, user: UserId, except: string): Statement<number> =>
  endWhere(tenant, user, sql`token_id <> ${except}`);
