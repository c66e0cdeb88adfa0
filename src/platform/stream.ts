import { sql, type SQL } from "drizzle-orm";
import type { Actor } from "./actor.ts";
import type { EventHandler } from "./background.ts";
import { columnsOf, into } from "./columns.ts";
import { alteringIfFound, change, firstRow, type Statement } from "./database.ts";
import type { Deps } from "./deps.ts";
import type { EventDataOf, EventType } from "./event-types.ts";
import { newSortableId, type TenantId } from "./ids.ts";
import { addEventIf, forgetEvent, type Event, type EventMessage } from "./outbox.ts";
import { eventFollowersTable, eventPagesTable, eventReceiversTable, outboxTable } from "./tables.ts";

/** Events of one page, and bytes after which the next one begins. Each event written rewrites its page, which is one row. */
const PAGE_EVENTS = 128;
const PAGE_BYTES = 32_768;

/** Data of one event beyond this is left out. */
export const EVENT_DATA_BYTES = 65_536;

/** Something that the world is told of. */
export type Told = {
  [T in EventType]: {
    type: T;
    device?: string;
    deployment?: string;
    /** What else it is about. */
    subject?: string;
    data: EventDataOf<T>;
  };
}[EventType];

/** A receiver may have something to be told; the subject is the receiver. */
export const DELIVERIES_DUE = "events.due";

declare module "./outbox.ts" {
  interface EventKinds {
    [DELIVERIES_DUE]: true;
  }
}

const stored = ({ type, device, deployment, subject, data }: Told, atMs: number) => ({
  type,
  time: atMs,
  ...(device !== undefined && { device }),
  ...(deployment !== undefined && { deployment }),
  ...(subject !== undefined && { subject }),
  data,
});

/** With the group that the device is in as this happens, which a device that is gone afterwards has no more. */
const withGroup = (tenant: TenantId, event: SQL): SQL => sql`coalesce((
  SELECT json_insert(${event}, '$.group', i.group_name) FROM inventory_devices i
  WHERE i.tenant_id = ${tenant} AND i.device_id = e.value ->> 'device' AND i.group_name IS NOT NULL), ${event})`;

/** True of a receiver that wants one of these types. */
const wants = (types: string): SQL => sql`EXISTS (
  SELECT 1 FROM json_each(r.types) w CROSS JOIN json_each(${types}) t WHERE t.value GLOB w.value)`;

/** One row of the outbox for each receiver that is neither told of things nor left alone, nor woken already. */
const wakeStatements = (
  tenant: TenantId,
  types: string,
  atMs: number,
  when = sql`changes() > 0`,
): Statement<number>[] => {
  const resting = sql`r.tenant_id = ${tenant} AND coalesce(r.waiting_ms, ${atMs + 1}) > ${atMs} AND r.leased_ms <= ${atMs}
    AND r.paused_ms <= ${atMs} AND ${wants(types)} AND ${when}`;
  return [
    change(sql`
      INSERT ${into(outboxTable, "id, tenant_id, kind, subject, data, created_ms, due_ms, attempts")}
      SELECT ${newSortableId(atMs).slice(0, 16)} || lower(hex(randomblob(8))), r.tenant_id, ${DELIVERIES_DUE},
        r.receiver_id, '{}', ${atMs}, ${atMs}, 0
      FROM ${eventReceiversTable} r WHERE ${resting}`),
    change(sql`UPDATE ${eventReceiversTable} AS r SET waiting_ms = ${atMs} WHERE ${resting}`),
  ];
};

/** Receivers that a run had which ended with its process. */
export const freeReceiversStatements = (nowMs: number): Statement<number>[] => [
  change(sql`
    INSERT ${into(outboxTable, "id, tenant_id, kind, subject, data, created_ms, due_ms, attempts")}
    SELECT ${newSortableId(nowMs).slice(0, 16)} || lower(hex(randomblob(8))), tenant_id, ${DELIVERIES_DUE}, receiver_id,
      '{}', ${nowMs}, ${nowMs}, 0 FROM ${eventReceiversTable} WHERE leased_ms > ${nowMs}`),
  change(
    sql`UPDATE ${eventReceiversTable} SET leased_ms = 0, waiting_ms = ${nowMs} WHERE leased_ms > ${nowMs}`,
  ),
];

const pageColumns = columnsOf(eventPagesTable, "first, events");

const typesOf = (events: readonly Told[]): string =>
  JSON.stringify([...new Set(events.map(({ type }) => type))]);

export interface TellOptions {
  /** Only if the statement before changed something. */
  ifChanged?: boolean;
  /** Only if this holds. */
  when?: SQL;
  /** Conditions of single events, in their order; of those left out none is told. */
  each?: readonly SQL[];
  /** Nobody is woken: who reads `isHeard` in the same batch sees to it by `wakeAfterwards`. */
  quietly?: boolean;
  /** Texts of lists that only the database knows, by the names that they have in the data of each. */
  lists?: Readonly<Record<string, SQL>>;
}

/** True of the events, by their place, whose condition holds. */
const isMeant = (each: readonly SQL[]): SQL =>
  each.length === 0
    ? sql`1`
    : sql`CASE e.key ${sql.join(
        each.map((condition, i) => sql`WHEN ${i} THEN ${condition}`),
        sql` `,
      )} END`;

/**
 * Adds events to the tenant's stream, in the batch of what has happened, so that their order is that of the changes; wakes
 * the receivers that want them. Costs one row, however many events there are. What stands after these statements cannot tell
 * what was changed before them.
 */
export function tell(
  tenant: TenantId,
  events: readonly Told[],
  atMs: number,
  { ifChanged = false, when = sql`1`, each = [], lists = {}, quietly = false }: TellOptions = {},
): Statement<unknown>[] {
  if (events.length === 0) return [];
  const types = typesOf(events);
  const given = JSON.stringify(events.map((event) => stored(event, atMs)));
  const event = Object.entries(lists).reduce(
    (value, [name, list]) => sql`json_set(${value}, ${`$.data.${name}`}, json(${list}))`,
    sql`e.value`,
  );
  const isOpen = sql`p.events < ${PAGE_EVENTS} AND p.bytes < ${PAGE_BYTES}`;
  const append = change(sql`
    INSERT ${into(eventPagesTable, "tenant_id, first, events, begun_ms, body")}
    SELECT ${tenant}, CASE WHEN p.first IS NULL THEN 1 WHEN ${isOpen} THEN p.first ELSE p.first + p.events END,
      n.events, ${atMs}, n.body
    FROM (
      SELECT count(*) AS events, group_concat(${withGroup(tenant, event)}, ',') AS body FROM json_each(${given}) e
      WHERE ${isMeant(each)}) n
    LEFT JOIN (
      SELECT ${pageColumns}, octet_length(body) AS bytes FROM ${eventPagesTable}
      WHERE tenant_id = ${tenant} ORDER BY first DESC LIMIT 1) p
    WHERE ${ifChanged ? sql`changes() > 0` : sql`1`} AND n.events > 0 AND ${when}
    ON CONFLICT (tenant_id, first) DO UPDATE SET events = event_pages.events + excluded.events,
      body = event_pages.body || ',' || excluded.body`);
  if (quietly) return [append];
  return [append, ...wakeStatements(tenant, types, atMs), wakeFollowersStatement(tenant)];
}

/** In SQL: 1 if the tenant has receivers or somebody follows its events. */
export const isHeard = (tenant: TenantId): SQL => sql`(
  EXISTS (SELECT 1 FROM ${eventReceiversTable} WHERE tenant_id = ${tenant})
  OR EXISTS (SELECT 1 FROM ${eventFollowersTable} WHERE tenant_id = ${tenant}))`;

/** Wakes those who want events that were told quietly. */
export const wakeAfterwards = (
  tenant: TenantId,
  events: readonly Told[],
  atMs: number,
): Statement<unknown>[] => [
  ...wakeStatements(tenant, typesOf(events), atMs, sql`1`),
  wakeFollowersStatement(tenant),
];

/** Has those who follow the events looked at, if there are any: whether there is something new for them, and whether they still may. */
const wakeFollowersStatement = (tenant: TenantId): Statement<unknown> =>
  alteringIfFound(
    { tenant, what: { kind: "told" } },
    firstRow(sql`SELECT 1 FROM ${eventFollowersTable} WHERE tenant_id = ${tenant}`),
  );

/** A right has ended: who followed the events by it is let go, and not only with the next one. */
export const recheckFollowers: EventHandler = async (deps, { tenant }) => {
  await deps.db(tenant).one(wakeFollowersStatement(tenant));
};

/** The same for what happened if the statement before changed something. */
export const tellIfChanged = (tenant: TenantId, event: Told, atMs: number): Statement<unknown>[] =>
  tell(tenant, [event], atMs, { ifChanged: true });

/** Something that the world is told of, recorded by a database in which the tenant does not live. */
const TOLD_ELSEWHERE = "events.told";

declare module "./outbox.ts" {
  interface EventKinds {
    [TOLD_ELSEWHERE]: true;
  }
}

/**
 * The same for batches of the directory, which has the streams only of tenants that live there; where tenants are spread,
 * it takes the way of an event.
 */
export function tellFromDirectory(
  { homes }: Pick<Deps, "homes">,
  tenant: TenantId,
  told: Told,
  atMs: number,
  { ifChanged = false, when = sql`1` }: Pick<TellOptions, "ifChanged" | "when"> = {},
): Statement<unknown>[] {
  if (!homes.isSpread) return tell(tenant, [told], atMs, { ifChanged, when });
  const event: Event = { kind: TOLD_ELSEWHERE, tenant, subject: tenant, data: { ...told } };
  return [addEventIf(event, sql`${ifChanged ? sql`changes() > 0` : sql`1`} AND ${when}`, atMs)];
}

/** Who did it, as events tell it. */
export const byOf = (actor: Actor): { by: string } => ({
  by: actor.kind === "user" ? actor.user : actor.kind,
});

/**
 * Tells the world of what a recorded event stands for, once however often that is handled: it is forgotten in the same
 * batch. Has to be its last follower.
 */
export const tellOnce =
  (toldOf: (event: EventMessage) => Told | undefined): EventHandler =>
  async (deps, event) => {
    const told = toldOf(event);
    if (!told) return;
    const { tenant, id } = event;
    const when = sql`EXISTS (SELECT 1 FROM ${outboxTable} WHERE tenant_id = ${tenant} AND id = ${id})`;
    await deps.db(tenant).batch([...tell(tenant, [told], event.atMs, { when }), forgetEvent(event)]);
  };

/** Tells what the directory has recorded. */
export const tellFromElsewhere: EventHandler = tellOnce(({ data }) => data as unknown as Told | undefined); // as recorded above
