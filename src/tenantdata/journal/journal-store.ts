import { sql, type SQL } from "drizzle-orm";
import { into, type Row } from "../../platform/columns.ts";
import { change, firstRow, mapped, rows, type Statement } from "../../platform/database.ts";
import type { DeviceId, TenantId } from "../../platform/ids.ts";
import { journalMarksTable, journalsTable } from "../tables.ts";
import { DEPLOYMENTS_A_SLICE, KEYS_A_SLICE } from "./limits.ts";
import type { Value } from "../rows-store.ts";
import { DEVICE_DEPLOYMENT, SUBJECTS, type Subject } from "./subjects.ts";

export type JournalRow = Row<typeof journalsTable>;

export const journalStatement = (tenant: TenantId): Statement<JournalRow | undefined> =>
  firstRow(sql`SELECT * FROM ${journalsTable} WHERE tenant_id = ${tenant}`);

/** When inventories of a tenant were updated: an index that each device is in. */
const updates = (tenant: SQL): SQL =>
  sql`inventory_values WHERE tenant_id = ${tenant} AND key = 'system-updated_ts'`;

const lastUpdate = (tenant: SQL): SQL =>
  sql`coalesce((SELECT value FROM ${updates(tenant)} ORDER BY value DESC LIMIT 1), 0)`;

/** A page that is closed: what is marked from here on is on the next. */
export type Turned = Pick<JournalRow, "page" | "turned_ms">;

export const turnStatement = (tenant: TenantId, nowMs: number): Statement<Turned | undefined> =>
  firstRow(sql`
    UPDATE ${journalsTable} SET page = page + 1, turned_ms = max(${nowMs}, turned_ms + 1), since_ms = ${lastUpdate(sql`${tenant}`)}
    WHERE tenant_id = ${tenant} AND state <> 'off' RETURNING page, turned_ms`);

/** The oldest page with marks, and what is marked there. */
export interface Marked {
  page: number;
  subjects: string[];
}

const NAMES = JSON.stringify(SUBJECTS.map(({ name }) => name));

export const markedStatement = (tenant: TenantId): Statement<Marked | undefined> =>
  mapped(
    rows<{ page: number; subject: string }>(sql`
      SELECT p.page, s.value AS subject
      FROM (SELECT page FROM ${journalMarksTable} WHERE tenant_id = ${tenant} ORDER BY page LIMIT 1) p
      CROSS JOIN json_each(${NAMES}) s
      WHERE EXISTS (SELECT 1 FROM ${journalMarksTable} m
        WHERE m.tenant_id = ${tenant} AND m.page = p.page AND m.subject = s.value)`),
    (found) => found[0] && { page: found[0].page, subjects: found.map(({ subject }) => subject) },
  );

const marks = (tenant: TenantId, page: number, subject: string): SQL => sql`
  SELECT key FROM ${journalMarksTable} WHERE tenant_id = ${tenant} AND page = ${page} AND subject = ${subject}
  ORDER BY key LIMIT ${KEYS_A_SLICE}`;

/** The first that are marked on a page. */
export const markedKeys = (tenant: TenantId, page: number, subject: string): SQL => sql`
  SELECT key, row_number() OVER (ORDER BY key) AS nth FROM (${marks(tenant, page, subject)})`;

/** A key of a device in a deployment begins with the deployment. */
const DEPLOYMENT_OF = sql`substr(key, 1, instr(key, ','))`;

/** Deployments of devices that are marked, the first ones. */
const markedDeployments = (tenant: TenantId, page: number): SQL => sql`
  SELECT DISTINCT ${DEPLOYMENT_OF} AS deployment FROM (${marks(tenant, page, DEVICE_DEPLOYMENT)})
  ORDER BY deployment LIMIT ${DEPLOYMENTS_A_SLICE}`;

/** Devices in these deployments that are marked. */
export const markedDeviceKeys = (tenant: TenantId, page: number): SQL => sql`
  SELECT key, row_number() OVER (ORDER BY key) AS nth FROM (${marks(tenant, page, DEVICE_DEPLOYMENT)})
  WHERE ${DEPLOYMENT_OF} IN (${markedDeployments(tenant, page)})`;

/** The deployments that such devices bring along. */
export const broughtDeployments = (tenant: TenantId, page: number): SQL => sql`
  SELECT rtrim(deployment, ',') || ']' AS key, row_number() OVER (ORDER BY deployment) AS nth
  FROM (${markedDeployments(tenant, page)})`;

/** The counts of failures that such devices bring along. */
export const broughtFailures = (tenant: TenantId, page: number): SQL => sql`
  SELECT key, row_number() OVER (ORDER BY key) AS nth FROM (
    SELECT DISTINCT json_array(dd.failure_print, dd.seq, coalesce(dd.device_type, '')) AS key
    FROM (${marks(tenant, page, DEVICE_DEPLOYMENT)}) m CROSS JOIN device_deployments dd
    WHERE dd.tenant_id = ${tenant} AND dd.device_id = m.key ->> '$[1]' AND dd.seq = m.key ->> '$[0]'
      AND dd.failure_print IS NOT NULL)`;

/** How far the devices are read that were updated since the page was begun. */
export interface UpdatesAfter {
  ms: number;
  /** Devices of that time up to this one are done; all of them without one. */
  device: DeviceId | null;
}

export function updatedDevices(tenant: TenantId, { ms, device }: UpdatesAfter): SQL {
  const after = device === null ? sql`value > ${ms}` : sql`(value, device_id) > (${ms}, ${device})`;
  return sql`
    SELECT json_array(device_id) AS key, row_number() OVER (ORDER BY value, device_id) AS nth FROM (
      SELECT value, device_id FROM ${updates(sql`${tenant}`)} AND ${after} ORDER BY value, device_id LIMIT ${KEYS_A_SLICE})`;
}

/** Removes the marks of a subject up to this key. */
export const unmarkStatement = (
  tenant: TenantId,
  { page, subject, key }: { page: number; subject: string; key: string },
): Statement<number> =>
  change(sql`
    DELETE FROM ${journalMarksTable}
    WHERE tenant_id = ${tenant} AND page = ${page} AND subject = ${subject} AND key <= ${key}`);

const isAtTurn = (turned: Turned, then: SQL, otherwise: SQL): SQL =>
  sql`CASE page WHEN ${turned.page} THEN ${then} ELSE ${otherwise} END`;

/** That a slice is in the bucket. Where devices are looked for next is nobody's to say who did not turn the last page. */
export const sliceStatement = (
  tenant: TenantId,
  turned: Turned,
  { bytes, updates }: { bytes: number; updates: UpdatesAfter },
): Statement<number> =>
  change(sql`
    UPDATE ${journalsTable} SET bytes = bytes + ${bytes}, from_ms = ${isAtTurn(turned, sql`${updates.ms}`, sql`from_ms`)},
      from_device = ${isAtTurn(turned, sql`${updates.device}`, sql`from_device`)}
    WHERE tenant_id = ${tenant}`);

/** That all up to the page that was turned is in the bucket, unless marks of it are left; answers whether none was. */
export const flushedStatement = (tenant: TenantId, turned: Turned, bytes: number): Statement<boolean> => {
  const isLeft = sql`EXISTS (
    SELECT 1 FROM ${journalMarksTable} m WHERE m.tenant_id = ${tenant} AND m.page < ${turned.page})`;
  return mapped(
    firstRow<{ is_left: number }>(sql`
      UPDATE ${journalsTable} SET bytes = bytes + ${bytes}, from_ms = ${isAtTurn(turned, sql`since_ms`, sql`from_ms`)},
        from_device = ${isAtTurn(turned, sql`NULL`, sql`from_device`)},
        flushed_ms = CASE WHEN ${isLeft} THEN flushed_ms ELSE max(flushed_ms, ${turned.turned_ms}) END
      WHERE tenant_id = ${tenant} RETURNING ${isLeft} AS is_left`),
    (row) => row?.is_left === 0,
  );
};

/** A whole copy is to be made, and not begun yet. */
const DUE = "{}";

/** Begins a journal, or begins it anew. */
export const beginStatement = (tenant: TenantId, nowMs: number, isAsked: boolean): Statement<number> =>
  change(sql`
    INSERT ${into(journalsTable, "tenant_id, state, state_ms, since_ms, from_ms, turned_ms, flushed_ms, base, asked")}
    SELECT ${tenant}, 'on', ${nowMs}, last.ms, last.ms, ${nowMs}, ${nowMs}, ${DUE}, ${Number(isAsked)}
    FROM (SELECT ${lastUpdate(sql`${tenant}`)} AS ms) last WHERE true
    ON CONFLICT (tenant_id) DO UPDATE SET state = 'on', state_ms = ${nowMs}, page = journals.page + 1, since_ms = excluded.since_ms,
      from_ms = excluded.from_ms, from_device = NULL, turned_ms = max(${nowMs}, journals.turned_ms + 1),
      flushed_ms = max(${nowMs}, journals.turned_ms + 1), oldest_ms = NULL, base = excluded.base, asked = excluded.asked
    WHERE journals.state = 'off'`);

/** Ends a journal; what is in the bucket stays there for as long as it would have. */
export const endStatement = (tenant: TenantId, nowMs: number, isAsked: boolean): Statement<number> =>
  change(sql`
    INSERT ${into(journalsTable, "tenant_id, state, state_ms, since_ms, from_ms, turned_ms, flushed_ms, asked")}
    VALUES (${tenant}, 'off', ${nowMs}, 0, 0, ${nowMs}, ${nowMs}, ${Number(isAsked)})
    ON CONFLICT (tenant_id) DO UPDATE SET state = 'off', state_ms = ${nowMs}, base = NULL, oldest_ms = NULL, asked = excluded.asked
    WHERE journals.state = 'on'`);

/** Says who decided, where nothing else is to be done. */
export const askStatement = (tenant: TenantId, state: "on" | "off"): Statement<number> =>
  change(sql`UPDATE ${journalsTable} SET asked = 1 WHERE tenant_id = ${tenant} AND state = ${state}`);

export const removeMarksStatement = (tenant: TenantId, limit: number): Statement<number> =>
  change(sql`
    DELETE FROM ${journalMarksTable} WHERE tenant_id = ${tenant} AND (page, subject, key) IN (
      SELECT page, subject, key FROM ${journalMarksTable} WHERE tenant_id = ${tenant} LIMIT ${limit})`);

/** Changes the state if it is as told. */
export const setJournalState = (
  tenant: TenantId,
  from: JournalRow["state"],
  to: JournalRow["state"],
): Statement<number> =>
  change(sql`UPDATE ${journalsTable} SET state = ${to} WHERE tenant_id = ${tenant} AND state = ${from}`);

/** Takes a copy on, if nobody did since it was read. */
export const advanceBaseStatement = (
  { tenant_id: tenant, base }: Pick<JournalRow, "tenant_id" | "base">,
  to: string,
  bytes = 0,
): Statement<number> =>
  change(sql`
    UPDATE ${journalsTable} SET base = ${to}, bytes = bytes + ${bytes}
    WHERE tenant_id = ${tenant} AND state = 'on' AND base = ${base}`);

/** A copy is whole; from when it is, any minute can be gone back to. */
export const endBaseStatement = (
  { tenant_id: tenant, base }: Pick<JournalRow, "tenant_id" | "base">,
  { begunMs, finishedMs, bytes }: { begunMs: number; finishedMs: number; bytes: number },
): Statement<number> =>
  change(sql`
    UPDATE ${journalsTable} SET base = NULL, base_ms = ${begunMs}, bytes = bytes + ${bytes},
      oldest_ms = coalesce(oldest_ms, ${finishedMs})
    WHERE tenant_id = ${tenant} AND state = 'on' AND base = ${base}`);

/** What is older is gone from the bucket. */
export const trimmedStatement = (
  tenant: TenantId,
  { oldestMs, bytes }: { oldestMs: number | null; bytes: number },
): Statement<number> =>
  change(sql`
    UPDATE ${journalsTable} SET bytes = max(0, bytes - ${bytes}), oldest_ms = coalesce(${oldestMs}, oldest_ms)
    WHERE tenant_id = ${tenant}`);

/** The first subjects of a table after this key, in the order in which it has them. */
export function walkedKeys(
  tenant: TenantId,
  { key, walked = key, tables: [head] }: Subject,
  after: readonly Value[] | null,
): SQL {
  const columns = (of: readonly string[]): SQL =>
    sql.join(
      of.map((column) => sql.identifier(column)),
      sql`, `,
    );
  const from = sql.identifier(head?.name ?? "");
  if (key.length === 0)
    return sql`SELECT '[]' AS key, 1 AS nth FROM ${from} WHERE tenant_id = ${tenant} LIMIT 1`;
  const values = after && walked.map((column) => sql`${after[key.indexOf(column)] ?? null}`);
  const later = values ? sql`AND (${columns(walked)}) > (${sql.join(values, sql`, `)})` : sql``;
  return sql`
    SELECT json_array(${columns(key)}) AS key, row_number() OVER (ORDER BY ${columns(walked)}) AS nth FROM (
      SELECT ${columns(key)} FROM ${from} WHERE tenant_id = ${tenant} ${later}
      ORDER BY ${columns(walked)} LIMIT ${KEYS_A_SLICE})`;
}
