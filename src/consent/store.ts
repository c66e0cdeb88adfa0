import { sql, type SQL } from "drizzle-orm";
import { inventoryDevicesTable } from "../devices/index.ts";
import { attributePath } from "../inventory/index.ts";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { DeviceId, TenantId, UserId } from "../platform/ids.ts";
import { accessGrantsTable, consentSettingsTable } from "./tables.ts";

/** What takes a grant. */
export interface ConsentSettings {
  remoteAccess: boolean;
  supportAccess: boolean;
}

const settingColumns = columnsOf(consentSettingsTable, "remote_access, support_access");

export const settingsStatement = (tenant: TenantId): Statement<ConsentSettings> =>
  mapped(
    firstRow<RowOf<typeof settingColumns>>(
      sql`SELECT ${settingColumns} FROM ${consentSettingsTable} WHERE tenant_id = ${tenant}`,
    ),
    (row) => ({ remoteAccess: row?.remote_access === 1, supportAccess: row?.support_access === 1 }),
  );

/** Writes only what differs; what was never set takes no grant. */
export const setSettingsStatement = (
  tenant: TenantId,
  { remoteAccess, supportAccess }: ConsentSettings,
  atMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(consentSettingsTable, "tenant_id, remote_access, support_access, updated_ms")}
    VALUES (${tenant}, ${remoteAccess ? 1 : 0}, ${supportAccess ? 1 : 0}, ${atMs})
    ON CONFLICT (tenant_id) DO UPDATE SET remote_access = excluded.remote_access,
      support_access = excluded.support_access, updated_ms = excluded.updated_ms
    WHERE (remote_access, support_access) <> (excluded.remote_access, excluded.support_access)`);

const columns = columnsOf(
  accessGrantsTable,
  "grant_id, kind, user_id, user_email, device_ids, group_name, reason, status, until_ms, asked_by, asked_ms, decided_by, decided_ms",
);

export type GrantRow = RowOf<typeof columns>;

/** Grants of a tenant that are asked for or stand at a time. */
const MAX_OPEN = 1000;

const isOpen = (nowMs: number): SQL => sql`status IN ('asked', 'approved') AND until_ms > ${nowMs}`;

/** Adds a grant unless the tenant has as many open ones as it may. */
export const addGrantStatement = (tenant: TenantId, grant: GrantRow): Statement<number> =>
  change(sql`
    INSERT ${into(
      accessGrantsTable,
      "tenant_id, grant_id, kind, user_id, user_email, device_ids, group_name, reason, status, until_ms, asked_by, asked_ms, decided_by, decided_ms",
    )}
    SELECT ${tenant}, ${grant.grant_id}, ${grant.kind}, ${grant.user_id}, ${grant.user_email}, ${grant.device_ids},
      ${grant.group_name}, ${grant.reason}, ${grant.status}, ${grant.until_ms}, ${grant.asked_by}, ${grant.asked_ms},
      ${grant.decided_by}, ${grant.decided_ms}
    WHERE (SELECT COUNT(*) FROM ${accessGrantsTable}
      WHERE tenant_id = ${tenant} AND kind IN ('remote', 'support') AND ${isOpen(grant.asked_ms)}) < ${MAX_OPEN}`);

/** Grants that ended long ago; the audit log tells of them. */
export const forgetGrantsStatement = (tenant: TenantId, beforeMs: number): Statement<number> =>
  change(sql`DELETE FROM ${accessGrantsTable} WHERE tenant_id = ${tenant} AND kind IN ('remote', 'support')
    AND status IN ('asked', 'approved', 'refused', 'revoked') AND until_ms < ${beforeMs}`);

export const grantStatement = (tenant: TenantId, id: string): Statement<GrantRow | undefined> =>
  firstRow<GrantRow>(
    sql`SELECT ${columns} FROM ${accessGrantsTable} WHERE tenant_id = ${tenant} AND grant_id = ${id}`,
  );

/** The tag by which a device says whose it is, by address. */
const OWNER = attributePath("tags", "owner");

/** Whose grants a user sees. */
export interface Concerned {
  user: UserId;
  email: string;
}

/** True if all devices that a grant names are the user's. One for a group is nobody's. */
const isOfOwner = (tenant: TenantId, email: string): SQL => sql`(
  kind = 'remote' AND group_name IS NULL AND ${email.toLowerCase()} <> '' AND NOT EXISTS (
    SELECT 1 FROM json_each(device_ids) named WHERE NOT EXISTS (
      SELECT 1 FROM ${inventoryDevicesTable} d WHERE d.tenant_id = ${tenant} AND d.device_id = named.value
        AND lower(json_extract(d.attributes, ${OWNER})) = ${email.toLowerCase()})))`;

/** A grant, and whether all its devices are the user's. */
export const grantFor = (
  tenant: TenantId,
  id: string,
  email: string,
): Statement<(GrantRow & { owned: number }) | undefined> =>
  firstRow(sql`
    SELECT ${columns}, ${isOfOwner(tenant, email)} AS owned
    FROM ${accessGrantsTable} WHERE tenant_id = ${tenant} AND grant_id = ${id}`);

/** Grants of all or those that concern one user, newest first, one more than the page has. */
export const grantsStatement = (
  tenant: TenantId,
  of: Concerned | undefined,
  limit: number,
  offset: number,
): Statement<GrantRow[]> =>
  rows<GrantRow>(sql`
    SELECT ${columns} FROM ${accessGrantsTable} WHERE tenant_id = ${tenant}
      ${of === undefined ? sql`` : sql`AND (${of.user} IN (user_id, asked_by) OR ${isOfOwner(tenant, of.email)})`}
    ORDER BY asked_ms DESC, grant_id LIMIT ${limit + 1} OFFSET ${offset}`);

export interface Decision {
  tenant: TenantId;
  grant: string;
  by: UserId;
  atMs: number;
}

/** Of two decisions at once one counts. Nobody approves what was asked by or is for that same person. */
export const approveStatement = ({ tenant, grant, by, atMs }: Decision): Statement<number> =>
  change(sql`
    UPDATE ${accessGrantsTable} SET status = 'approved', decided_by = ${by}, decided_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND grant_id = ${grant} AND status = 'asked' AND until_ms > ${atMs}
      AND ${by} NOT IN (user_id, asked_by)`);

export const refuseStatement = ({ tenant, grant, by, atMs }: Decision): Statement<number> =>
  change(sql`
    UPDATE ${accessGrantsTable} SET status = 'refused', decided_by = ${by}, decided_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND grant_id = ${grant} AND status = 'asked' AND until_ms > ${atMs}`);

export const revokeStatement = ({ tenant, grant, by, atMs }: Decision): Statement<number> =>
  change(sql`
    UPDATE ${accessGrantsTable} SET status = 'revoked', decided_by = ${by}, decided_ms = ${atMs}
    WHERE tenant_id = ${tenant} AND grant_id = ${grant} AND ${isOpen(atMs)}`);

/** Until when whom a grant lets connect to a device; undefined where nobody needs one. */
export type Consented = ReadonlyMap<string, number> | undefined;

export const consentedStatement = (tenant: TenantId, device: DeviceId, nowMs: number): Statement<Consented> =>
  mapped(
    rows<{ user_id: string | null; until_ms: number | null }>(sql`
      SELECT g.user_id, max(g.until_ms) AS until_ms FROM ${consentSettingsTable} c
      LEFT JOIN ${accessGrantsTable} g ON g.tenant_id = c.tenant_id AND g.kind = 'remote' AND g.status = 'approved'
        AND g.until_ms > ${nowMs} AND (
          EXISTS (SELECT 1 FROM json_each(g.device_ids) WHERE value = ${device})
          OR g.group_name = (SELECT d.group_name FROM ${inventoryDevicesTable} d WHERE d.tenant_id = ${tenant} AND d.device_id = ${device}))
      WHERE c.tenant_id = ${tenant} AND c.remote_access = 1 GROUP BY g.user_id`),
    (found) =>
      found.length === 0
        ? undefined
        : new Map(
            found.flatMap(({ user_id, until_ms }) => (user_id === null ? [] : [[user_id, until_ms ?? 0]])),
          ),
  );

const hasSupportGrant = (tenant: SQL, nowMs: number): SQL => sql`EXISTS (
  SELECT 1 FROM ${accessGrantsTable} g WHERE g.tenant_id = ${tenant} AND g.kind = 'support' AND g.status = 'approved'
    AND g.until_ms > ${nowMs})`;

/** Tenants that the operator of the installation may not look into. */
export const closedStatement = (nowMs: number): Statement<TenantId[]> =>
  mapped(
    rows<{ tenant_id: TenantId }>(sql`
      SELECT c.tenant_id FROM ${consentSettingsTable} c
      WHERE c.support_access = 1 AND NOT ${hasSupportGrant(sql`c.tenant_id`, nowMs)}`),
    (found) => found.map(({ tenant_id }) => tenant_id),
  );

/** Whether the operator of the installation may look into the tenant, and whether that takes a grant. */
export const supportStatement = (
  tenant: TenantId,
  nowMs: number,
): Statement<{ needsGrant: boolean; hasGrant: boolean }> =>
  mapped(
    firstRow<{ granted: number }>(sql`
      SELECT ${hasSupportGrant(sql`c.tenant_id`, nowMs)} AS granted
      FROM ${consentSettingsTable} c WHERE c.tenant_id = ${tenant} AND c.support_access = 1`),
    (row) => ({ needsGrant: row !== undefined, hasGrant: row?.granted === 1 }),
  );
