import { sql, type SQL } from "drizzle-orm";
import { change, mapped, recording, rows, type Statement } from "./database.ts";
import { newSortableId, type TenantId } from "./ids.ts";
import { columnsOf, into, type RowOf } from "./columns.ts";
import { outboxTable } from "./tables.ts";

/**
 * The kinds of events, as keys. Each domain declares its own in its `events.ts`; `src/app/event-handlers.ts` has a
 * follower of each, or it does not compile.
 */
// oxlint-disable-next-line typescript/no-empty-interface -- the domains add to it
export interface EventKinds {}

export type EventKind = keyof EventKinds;

/** Something that happened and has followers outside the database. Written in the same batch as what happened. */
export interface Event {
  kind: EventKind;
  tenant: TenantId;
  /** Id of what it is about: a device, a deployment, an artifact, an object key. */
  subject: string;
  /** Ids and small values only; the consumer reads the rest. */
  data?: Record<string, unknown>;
}

/** An event as its followers get it. Delivered at least once and in no order. */
export interface EventMessage extends Omit<Event, "kind"> {
  /** Also of an event that an earlier version recorded, which nobody follows any more. */
  kind: string;
  id: string;
  atMs: number;
}

/** What goes through the queue: the consumer reads the rest from the outbox, so that no event is too large to be sent. */
export type EventKey = Pick<EventMessage, "tenant" | "id" | "kind">;

const intoOutbox = into(outboxTable, "id, tenant_id, kind, subject, data, created_ms, due_ms, attempts");

/** Ids begin with the time an event is due, so that those of a tenant lie in the order in which they are sent. */
const values = (event: Event, at: number, dueMs = at) =>
  sql`SELECT ${newSortableId(dueMs)}, ${event.tenant}, ${event.kind}, ${event.subject}, ${JSON.stringify(event.data ?? {})}, ${at}, ${dueMs}, 0`;

/** Records the event with the batch it is in. */
export const addEvent = (event: Event, at: number): Statement<number> =>
  recording(event.tenant, change(sql`INSERT ${intoOutbox} ${values(event, at)}`));

/**
 * Records the event only if the statement before it in the batch changed something. Such statements chain. One that is
 * due later is sent by the sweep after that time.
 */
export const addEventIfChanged = (event: Event, at: number, dueMs = at): Statement<number> =>
  recording(event.tenant, change(sql`INSERT ${intoOutbox} ${values(event, at, dueMs)} WHERE changes() > 0`));

/** Records the event only if the condition holds. */
export const addEventIf = (event: Event, condition: SQL, at: number): Statement<number> =>
  recording(event.tenant, change(sql`INSERT ${intoOutbox} ${values(event, at)} WHERE ${condition}`));

/** The same for several events, each due at its time. */
export function addEventsIfChanged(
  events: readonly { event: Event; dueMs: number }[],
  at: number,
): Statement<number> {
  const list = events.map(({ event: { tenant, kind, subject, data = {} }, dueMs }) => ({
    id: newSortableId(dueMs),
    tenant,
    kind,
    subject,
    data: JSON.stringify(data),
    dueMs,
  }));
  return change(sql`
    INSERT ${intoOutbox}
    SELECT e.value ->> 'id', e.value ->> 'tenant', e.value ->> 'kind', e.value ->> 'subject', e.value ->> 'data', ${at},
      e.value ->> 'dueMs', 0
    FROM json_each(${JSON.stringify(list)}) e WHERE changes() > 0`);
}

const SORTING_PART = 16;

/** Records one event for each row of the source, which has the columns `subject` and `data` (JSON text). */
export const addEventsFrom = (
  events: { kind: EventKind; tenant: TenantId; source: SQL },
  at: number,
): Statement<number> =>
  change(sql`
    INSERT ${intoOutbox}
    SELECT ${newSortableId(at).slice(0, SORTING_PART)} || lower(hex(randomblob(8))), ${events.tenant}, ${events.kind}, source.subject, source.data, ${at}, ${at}, 0
    FROM (${events.source}) source`);

const eventColumns = columnsOf(outboxTable, "id, tenant_id, kind, subject, data, created_ms");

type OutboxRow = RowOf<typeof eventColumns>;

/** An event as it was recorded. Throws if its data is damaged. */
const toMessage = (row: OutboxRow): EventMessage => ({
  id: row.id,
  tenant: row.tenant_id,
  kind: row.kind,
  subject: row.subject,
  data: JSON.parse(row.data) as Record<string, unknown>, // written by `values` above
  atMs: row.created_ms,
});

/** A recorded event, and its data as text in case it cannot be read. */
export interface OpenEvent {
  id: string;
  read: () => EventMessage;
  /** For the record of what could not be handled. */
  told: () => EventMessage;
}

const toldOf = (row: OutboxRow): EventMessage => {
  try {
    return toMessage(row);
  } catch {
    return toMessage({ ...row, data: JSON.stringify({ unreadable: row.data }) });
  }
};

/** Those of the events that were not handled yet. */
export const openEvents = (keys: readonly EventKey[]): Statement<OpenEvent[]> => {
  const pairs = JSON.stringify(keys.map(({ tenant, id }) => [tenant, id]));
  const found = rows<OutboxRow>(sql`
    SELECT ${eventColumns} FROM ${outboxTable}
    WHERE (tenant_id, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${pairs}))`);
  return mapped(found, (list) =>
    list.map((row) => ({ id: row.id, read: () => toMessage(row), told: () => toldOf(row) })),
  );
};

const strayColumns = columnsOf(
  outboxTable,
  "id, tenant_id, kind, subject, data, created_ms, due_ms, attempts",
);

type StrayEvent = RowOf<typeof strayColumns>;

/** Events of a tenant in a database that is not its home. */
export const strayEvents = (tenant: TenantId, limit: number): Statement<StrayEvent[]> =>
  rows(
    sql`SELECT ${strayColumns} FROM ${outboxTable} WHERE tenant_id = ${tenant} ORDER BY id LIMIT ${limit}`,
  );

/** Records what another database has recorded, unless that is here already. */
export const takeOverEvent = (event: StrayEvent): Statement<number> =>
  change(sql`
    INSERT ${intoOutbox}
    VALUES (${event.id}, ${event.tenant_id}, ${event.kind}, ${event.subject}, ${event.data}, ${event.created_ms}, ${event.due_ms}, ${event.attempts})
    ON CONFLICT DO NOTHING`);

/** Removes a handled event. */
export const forgetEvent = ({ tenant, id }: Pick<EventKey, "tenant" | "id">): Statement<number> =>
  change(sql`DELETE FROM ${outboxTable} WHERE tenant_id = ${tenant} AND id = ${id}`);
