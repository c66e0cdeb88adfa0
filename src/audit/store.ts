import { sql, type SQL } from "drizzle-orm";
import { notPaused } from "../platform/apart.ts";
import { change, firstRow, inJson, mapped, rows, type Statement } from "../platform/database.ts";
import type { TenantId } from "../platform/ids.ts";
import { auditLogTable } from "../platform/tables.ts";
import { columnsOf, type RowOf } from "../platform/columns.ts";

const columns = columnsOf(
  auditLogTable,
  "time_ms, id, actor_type, actor_id, actor_email, action, object_type, object_id, object, change, meta",
);

/** An entry as stored; `object` and `meta` are JSON. */
export type StoredEntry = RowOf<typeof columns>;

export interface AuditFilter {
  /** Entries beyond what the public document describes, too. */
  extended: boolean;
  /** Inclusive. */
  fromMs?: number | undefined;
  /** Inclusive. */
  toMs?: number | undefined;
  actorId?: string | undefined;
  actorType?: string | undefined;
  actorEmail?: string | undefined;
  objectId?: string | undefined;
  objectType?: string | undefined;
  deploymentName?: string | undefined;
  order: "asc" | "desc";
  /** Absent for who may read all of the log. */
  reach?: ReachedEntries | undefined;
}

/** Entries whose object is within reach, by a condition on its id, or of a type that is for whoever reads the log. */
export interface ReachedEntries {
  objects: readonly (readonly [type: string, isReached: SQL])[];
  always: readonly string[];
}

/** As it stands in the conditions of `ReachedEntries`. */
export const OBJECT_ID = sql.raw("audit_log.object_id");

const reached = ({ objects, always }: ReachedEntries): SQL =>
  sql`CASE object_type ${sql.join(
    objects.map(([type, isReached]) => sql`WHEN ${type} THEN ${isReached}`),
    sql` `,
  )} ELSE ${inJson(sql`object_type`, always)} END`;

/** What the order of the log finds. */
function bounds(tenant: TenantId, filter: AuditFilter, after: EntryPlace | undefined): SQL[] {
  const terms = [sql`tenant_id = ${tenant}`];
  if (!filter.extended) terms.push(sql`plain = 1`);
  if (filter.fromMs !== undefined) terms.push(sql`time_ms >= ${filter.fromMs}`);
  if (filter.toMs !== undefined) terms.push(sql`time_ms <= ${filter.toMs}`);
  if (after)
    terms.push(
      sql`(time_ms, id) ${sql.raw(filter.order === "asc" ? ">" : "<")} (${after.time_ms}, ${after.id})`,
    );
  return terms;
}

/** What each entry has to be looked at for. */
function conditions(filter: AuditFilter): SQL[] {
  const terms: SQL[] = [];
  if (filter.actorId !== undefined) terms.push(sql`actor_id = ${filter.actorId}`);
  if (filter.actorType !== undefined) terms.push(sql`actor_type = ${filter.actorType}`);
  if (filter.actorEmail !== undefined) terms.push(sql`actor_email = ${filter.actorEmail}`);
  if (filter.objectId !== undefined) terms.push(sql`object_id = ${filter.objectId}`);
  if (filter.objectType !== undefined) terms.push(sql`object_type = ${filter.objectType}`);
  if (filter.deploymentName !== undefined)
    terms.push(sql`json_extract(object, '$.deployment.name') = ${filter.deploymentName}`);
  if (filter.reach) terms.push(reached(filter.reach));
  return terms.length > 0 ? terms : [sql`1`];
}

/** The plain list has an index of its own, which the planner passes by for the order of the table. */
const log = ({ extended }: AuditFilter): SQL =>
  extended ? sql`audit_log` : sql`audit_log INDEXED BY audit_log_plain`;

const and = (terms: SQL[]) => sql.join(terms, sql` AND `);

const inOrder = (order: "asc" | "desc") =>
  order === "asc" ? sql`ORDER BY time_ms, id` : sql`ORDER BY time_ms DESC, id DESC`;

/** Where an entry is in the log. */
export type EntryPlace = Pick<StoredEntry, "time_ms" | "id">;

/** Entries that are looked at by one statement: those of a stretch behind a place. */
export interface Stretch {
  after: EntryPlace | undefined;
  size: number;
}

const stretchOf = (tenant: TenantId, filter: AuditFilter, { after, size }: Stretch): SQL => sql`(
  SELECT * FROM ${log(filter)} WHERE ${and(bounds(tenant, filter, after))} ${inOrder(filter.order)} LIMIT ${size}) audit_log`;

/** Of the entries that match on a stretch so many after so many, in its order. */
export const entriesStatement = (
  tenant: TenantId,
  filter: AuditFilter,
  stretch: Stretch,
  { skip = 0, take }: { skip?: number; take: number },
): Statement<StoredEntry[]> =>
  rows(sql`
    SELECT ${columns} FROM ${stretchOf(tenant, filter, stretch)} WHERE ${and(conditions(filter))}
    LIMIT ${take} OFFSET ${skip}`);

const TIME_DIGITS = 15;

/** How many entries match on a stretch, and where it ends: nowhere if the log ends before. */
export function stretchStatement(
  tenant: TenantId,
  filter: AuditFilter,
  stretch: Stretch,
): Statement<{ found: number; end: EntryPlace | undefined }> {
  const last = sql.raw(filter.order === "asc" ? "max" : "min");
  const counted = firstRow<{ met: number; found: number; last: string | null }>(sql`
    SELECT count(*) AS met, count(*) FILTER (WHERE ${and(conditions(filter))}) AS found,
      ${last}(printf(${`%0${TIME_DIGITS}d%s`}, time_ms, id)) AS last
    FROM ${stretchOf(tenant, filter, stretch)}`);
  return mapped(counted, (row) => {
    if (!row || row.last === null || row.met < stretch.size)
      return { found: row?.found ?? 0, end: undefined };
    const end = { time_ms: Number(row.last.slice(0, TIME_DIGITS)), id: row.last.slice(TIME_DIGITS) };
    return { found: row.found, end };
  });
}

/** Removes some of the old entries of the time before entries had places. */
export const forgetUnplaced = (tenant: TenantId, beforeMs: number, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${auditLogTable} WHERE tenant_id = ${tenant} AND (time_ms, id) IN (
      SELECT time_ms, id FROM ${auditLogTable} INDEXED BY audit_log_position
      WHERE tenant_id = ${tenant} AND position IS NULL AND time_ms < ${beforeMs} LIMIT ${limit})`);

/** The duty that removes old entries; its rows are the logs of tenants. */
export const FORGETTING = "forget-audit";
export const KEY = "log";

/** `t`: the tenants that have entries, each found by one step along the key. */
export const tenantsOfLogs = sql`
  t(tenant) AS (
    SELECT min(tenant_id) FROM ${auditLogTable}
    UNION SELECT (SELECT min(tenant_id) FROM ${auditLogTable} WHERE tenant_id > t.tenant) FROM t WHERE t.tenant IS NOT NULL)`;

/** Tenants with entries that are older than this. */
export function tenantsToForget(beforeMs: number, nowMs: number, limit: number): Statement<TenantId[]> {
  const paused = notPaused(FORGETTING, { tenant: sql`t.tenant`, key: sql`${KEY}` }, nowMs);
  const found = rows<{ tenant: TenantId }>(sql`
    WITH RECURSIVE ${tenantsOfLogs}
    SELECT t.tenant FROM t WHERE t.tenant IS NOT NULL AND ${paused}
      AND EXISTS (SELECT 1 FROM ${auditLogTable} WHERE tenant_id = t.tenant AND time_ms < ${beforeMs}) LIMIT ${limit}`);
  return mapped(found, (list) => list.map(({ tenant }) => tenant));
}
