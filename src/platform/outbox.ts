import { sql, type SQL } from "drizzle-orm";
import { change, inJson, rows, type Database, type Statement } from "./database.ts";
import type { Deps } from "./deps.ts";
import { newSortableId, type TenantId } from "./ids.ts";

/** Something that happened and has followers outside the database. Written in the same batch as what happened. */
export interface Event {
  kind: string;
  tenant: TenantId;
  /** Id of what it is about: a device, a deployment, an artifact, an object key. */
  subject: string;
  /** Ids and small values only; the consumer reads the rest. */
  data?: Record<string, unknown>;
}

/** An event as a queue message. Delivered at least once and in no order. */
export interface EventMessage extends Event {
  id: string;
  atMs: number;
}

/** How long a sent event may stay unhandled before the sweep sends it again. */
const RESEND_AFTER_MS = 5 * 60_000;
const BATCH = 100;

const columns = sql`(id, tenant_id, kind, subject, data, created_ms, due_ms, attempts)`;

const values = (event: Event, at: number, dueMs = at) =>
  sql`SELECT ${newSortableId(at)}, ${event.tenant}, ${event.kind}, ${event.subject}, ${JSON.stringify(event.data ?? {})}, ${at}, ${dueMs}, 0`;

/** Records the event with the batch it is in. */
export const addEvent = (event: Event, at: number): Statement<number> =>
  change(sql`INSERT INTO outbox ${columns} ${values(event, at)}`);

/**
 * Records the event only if the statement before it in the batch changed something. Such statements chain. One that is
 * due later is sent by the sweep after that time.
 */
export const addEventIfChanged = (event: Event, at: number, dueMs = at): Statement<number> =>
  change(sql`INSERT INTO outbox ${columns} ${values(event, at, dueMs)} WHERE changes() > 0`);

const SORTING_PART = 16;

/** Records one event for each row of the source, which has the columns `subject` and `data` (JSON text). */
export const addEventsFrom = (
  events: { kind: string; tenant: TenantId; source: SQL },
  at: number,
): Statement<number> =>
  change(sql`
    INSERT INTO outbox ${columns}
    SELECT ${newSortableId(at).slice(0, SORTING_PART)} || lower(hex(randomblob(8))), ${events.tenant}, ${events.kind}, source.subject, source.data, ${at}, ${at}, 0
    FROM (${events.source}) source`);

interface OutboxRow {
  id: string;
  tenant_id: TenantId;
  kind: string;
  subject: string;
  data: string;
  created_ms: number;
}

const toMessage = (row: OutboxRow): EventMessage => ({
  id: row.id,
  tenant: row.tenant_id,
  kind: row.kind,
  subject: row.subject,
  data: JSON.parse(row.data) as Record<string, unknown>, // written by `values` above
  atMs: row.created_ms,
});

/** Sends due events to the queue and leaves them in place until handled. Safe to run twice at once. */
export async function drainOutbox(deps: Deps, db: Database): Promise<number> {
  const now = deps.now();
  const due = await db.one(
    rows<OutboxRow>(sql`
      UPDATE outbox SET due_ms = ${now + RESEND_AFTER_MS}, attempts = attempts + 1
      WHERE id IN (SELECT id FROM outbox WHERE due_ms <= ${now} ORDER BY id LIMIT ${BATCH})
      RETURNING id, tenant_id, kind, subject, data, created_ms`),
  );
  if (due.length > 0) await deps.jobs.sendBatch(due.map((row) => ({ body: toMessage(row) })));
  return due.length;
}

/** Those of the events that were not handled yet. */
export const openEvents = (ids: readonly string[]): Statement<{ id: string }[]> =>
  rows(sql`SELECT id FROM outbox WHERE ${inJson(sql`id`, ids)}`);

/** Removes a handled event. */
export const forgetEvent = (id: string): Statement<number> =>
  change(sql`DELETE FROM outbox WHERE id = ${id}`);
