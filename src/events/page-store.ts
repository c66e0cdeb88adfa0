import { sql, type SQL } from "drizzle-orm";
import { columnsOf } from "../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { eventDeliveriesTable } from "./tables.ts";
import { eventFollowersTable, eventPagesTable } from "../platform/tables.ts";
import { lastOf, type Page } from "./stream-event.ts";

const columns = columnsOf(eventPagesTable, "first, events, begun_ms, body");

/** Which pages, and how far to look for them. */
export interface Looking {
  /** Of the events that pages must have, some text that is in each. */
  containing?: readonly string[];
  /** Pages that are looked at. */
  scanned: number;
  /** Pages that are answered. */
  limit: number;
}

const has = (texts: readonly string[] = []): SQL =>
  sql.join([sql`1`, ...texts.map((text) => sql`instr(body, ${JSON.stringify(text)}) > 0`)], sql` AND `);

const pageOf = (tenant: TenantId, position: SQL): SQL => sql`coalesce((
  SELECT max(first) FROM ${eventPagesTable} WHERE tenant_id = ${tenant} AND first <= ${position}), 0)`;

/** Pages that have something after a position, oldest first: what there is, and how far it was looked at. */
export function pagesAfter(
  tenant: TenantId,
  after: number,
  looking: Looking,
): [Statement<Page[]>, Statement<number | undefined>] {
  const some = sql`SELECT ${columns} FROM ${eventPagesTable}
    WHERE tenant_id = ${tenant} AND first >= ${pageOf(tenant, sql`${after + 1}`)} AND first + events - 1 > ${after}
    ORDER BY first LIMIT ${looking.scanned}`;
  return found(some, sql`max(first + events - 1)`, sql`first`, looking);
}

/** Pages that have something before a position, newest first. */
export function pagesBefore(
  tenant: TenantId,
  before: number,
  looking: Looking,
): [Statement<Page[]>, Statement<number | undefined>] {
  const some = sql`SELECT ${columns} FROM ${eventPagesTable}
    WHERE tenant_id = ${tenant} AND first < ${before} ORDER BY first DESC LIMIT ${looking.scanned}`;
  return found(some, sql`min(first)`, sql`first DESC`, looking);
}

const found = (
  some: SQL,
  reached: SQL,
  order: SQL,
  { containing, limit }: Looking,
): [Statement<Page[]>, Statement<number | undefined>] => [
  rows<Page>(sql`SELECT ${columns} FROM (${some}) WHERE ${has(containing)} ORDER BY ${order} LIMIT ${limit}`),
  mapped(
    firstRow<{ reached: number | null }>(sql`SELECT ${reached} AS reached FROM (${some})`),
    (row) => row?.reached ?? undefined,
  ),
];

/** The first and the last position that there is; nothing while there is none. */
export const boundsStatement = (tenant: TenantId): Statement<{ first: number; last: number } | undefined> =>
  mapped(
    rows<Pick<Page, "first" | "events">>(sql`
      SELECT * FROM (SELECT first, events FROM ${eventPagesTable} WHERE tenant_id = ${tenant} ORDER BY first LIMIT 1)
      UNION ALL
      SELECT * FROM (SELECT first, events FROM ${eventPagesTable} WHERE tenant_id = ${tenant} ORDER BY first DESC LIMIT 1)`),
    ([oldest, newest]) => oldest && newest && { first: oldest.first, last: lastOf(newest) },
  );

/** The position before the page in which a time lies. */
export const positionAtStatement = (tenant: TenantId, atMs: number): Statement<number> =>
  mapped(
    firstRow<{ first: number }>(sql`
      SELECT first FROM ${eventPagesTable} WHERE tenant_id = ${tenant} AND begun_ms <= ${atMs}
      ORDER BY first DESC LIMIT 1`),
    (row) => (row ? row.first - 1 : 0),
  );

/** Old pages and records of deliveries. The last page of a tenant stays: the next position is counted from it. */
export const forgetStatements = (beforeMs: number, limit: number): [Statement<number>, Statement<number>] => [
  change(sql`
    DELETE FROM ${eventPagesTable} WHERE (tenant_id, first) IN (
      SELECT p.tenant_id, p.first FROM ${eventPagesTable} p WHERE p.begun_ms < ${beforeMs} AND EXISTS (
        SELECT 1 FROM ${eventPagesTable} n WHERE n.tenant_id = p.tenant_id AND n.first > p.first)
      ORDER BY p.begun_ms LIMIT ${limit})`),
  change(sql`
    DELETE FROM ${eventDeliveriesTable} WHERE (tenant_id, receiver_id, part) IN (
      SELECT tenant_id, receiver_id, part FROM ${eventDeliveriesTable} WHERE begun_ms < ${beforeMs} ORDER BY begun_ms LIMIT ${limit})`),
];

/** Whether the tenant's head is to be told of events at once. */
export const setFollowedStatement = (
  tenant: TenantId,
  isFollowed: boolean,
  atMs: number,
): Statement<number> =>
  change(
    isFollowed
      ? sql`INSERT INTO ${eventFollowersTable} (tenant_id, since_ms) VALUES (${tenant}, ${atMs}) ON CONFLICT DO NOTHING`
      : sql`DELETE FROM ${eventFollowersTable} WHERE tenant_id = ${tenant}`,
  );
