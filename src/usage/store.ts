import { sql, type SQL } from "drizzle-orm";
import { deviceCountsTable } from "../deviceauth/index.ts";
import { deviceSessionsTable } from "../deviceconnect/index.ts";
import { into, type Row } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import { FIRST_HOME } from "../platform/homes.ts";
import type { TenantId } from "../platform/ids.ts";
import { tenantHomesTable } from "../platform/tables.ts";
import { storageUsageTable } from "../storage/index.ts";
import type { Day } from "../platform/used.ts";
import { tenantsTable, usageDaysTable } from "../tenants/index.ts";
import { boundsOf } from "./day.ts";

export type UsageRow = Row<typeof usageDaysTable> & { name: string };

const LONGEST_SESSION_MS = 7 * 86_400_000;

/** Milliseconds of a tenant's sessions within a day; of one that was never ended, of at most a week. */
const sessionMs = (day: Day): SQL => {
  const { fromMs, toMs } = boundsOf(day);
  return sql`coalesce((
    SELECT SUM(MAX(0, MIN(coalesce(s.ended_ms, ${toMs}), ${toMs}) - MAX(s.started_ms, ${fromMs})))
    FROM ${deviceSessionsTable} s
    WHERE s.tenant_id = t.tenant_id AND s.started_ms >= ${fromMs - LONGEST_SESSION_MS} AND s.started_ms < ${toMs}), 0)`;
};

/** The directory knows all tenants, also those that live elsewhere. */
const livesHere = (tenant: SQL): SQL => sql`NOT EXISTS (
  SELECT 1 FROM ${tenantHomesTable} h WHERE h.tenant_id = ${tenant} AND h.home <> ${FIRST_HOME})`;

/** Writes down what a page of tenants has, for a day that is over. Doing it twice changes nothing. */
export const addHeldStatement = (
  day: Day,
  after: string,
  limit: number,
  isDirectory: boolean,
): Statement<number> =>
  change(sql`
    INSERT ${into(usageDaysTable, "tenant_id, day, devices, stored_bytes, session_s")}
    SELECT t.tenant_id, ${day},
      coalesce((SELECT SUM(c.devices) FROM ${deviceCountsTable} c
        WHERE c.tenant_id = t.tenant_id AND c.status = 'accepted'), 0),
      coalesce((SELECT u.bytes FROM ${storageUsageTable} u WHERE u.tenant_id = t.tenant_id), 0),
      ${sessionMs(day)} / 1000
    FROM ${tenantsTable} t WHERE t.tenant_id IN (
      SELECT tenant_id FROM ${tenantsTable} WHERE tenant_id > ${after} ORDER BY tenant_id LIMIT ${limit})
      ${isDirectory ? sql`AND ${livesHere(sql`t.tenant_id`)}` : sql``}
    ON CONFLICT (tenant_id, day) DO UPDATE SET devices = excluded.devices, stored_bytes = excluded.stored_bytes,
      session_s = excluded.session_s`);

/** The last tenant of the page after this one. */
export const lastOfPageStatement = (after: string, limit: number): Statement<string | undefined> =>
  mapped(
    firstRow<{ last: string | null }>(sql`
      SELECT MAX(tenant_id) AS last FROM (
        SELECT tenant_id FROM ${tenantsTable} WHERE tenant_id > ${after} ORDER BY tenant_id LIMIT ${limit})`),
    (row) => row?.last ?? undefined,
  );

export const forgetDaysStatement = (before: Day, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${usageDaysTable} WHERE (tenant_id, day) IN (
      SELECT tenant_id, day FROM ${usageDaysTable} WHERE day < ${before} LIMIT ${limit})`);

export interface UsageFilter {
  /** All tenants if absent. */
  tenant: TenantId | undefined;
  from: Day;
  to: Day;
}

/** The place of a row in the order of days and tenants. */
export type Place = Pick<UsageRow, "day" | "tenant_id">;

const inFilter = ({ tenant, from, to }: UsageFilter): SQL => sql`
  u.day >= ${from} AND u.day <= ${to} ${tenant === undefined ? sql`` : sql`AND u.tenant_id = ${tenant}`}`;

const found = (condition: SQL, end: SQL): Statement<UsageRow[]> =>
  rows<UsageRow>(sql`
    SELECT u.*, t.name AS name FROM ${usageDaysTable} u JOIN ${tenantsTable} t ON t.tenant_id = u.tenant_id
    WHERE ${condition} ORDER BY u.day, u.tenant_id ${end}`);

/** A page in order of day and tenant, one more than asked for. */
export const usagePageStatement = (
  filter: UsageFilter,
  { offset, limit }: { offset: number; limit: number },
): Statement<UsageRow[]> => found(inFilter(filter), sql`LIMIT ${limit + 1} OFFSET ${offset}`);

export const usageAfterStatement = (
  filter: UsageFilter,
  { day, tenant_id: tenant }: Place,
  limit: number,
): Statement<UsageRow[]> =>
  found(sql`${inFilter(filter)} AND (u.day, u.tenant_id) > (${day}, ${tenant})`, sql`LIMIT ${limit}`);
