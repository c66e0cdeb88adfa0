import { sql, type SQL } from "drizzle-orm";
import { columnsOf, into, type RowOf } from "../platform/columns.ts";
import { change, demand, firstRow, mapped, rows, type Statement } from "../platform/database.ts";
import { newId, newSortableId, type TenantId } from "../platform/ids.ts";
import { DELIVERIES_DUE } from "../platform/stream.ts";
import { eventPagesTable, eventReceiversTable, outboxTable } from "../platform/tables.ts";
import type { TroubleSource } from "../platform/trouble.ts";
import { eventDeliveriesTable, eventLanesTable } from "./tables.ts";

const leasedColumns = columnsOf(eventReceiversTable, "receiver_id, kind, types, position, ahead, failures");

/** A receiver that one run has for itself. */
export type Leased = RowOf<typeof leasedColumns>;

export const leaseStatement = (
  tenant: TenantId,
  receiver: string,
  nowMs: number,
  untilMs: number,
): Statement<Leased | undefined> =>
  firstRow<Leased>(sql`
    UPDATE ${eventReceiversTable} SET leased_ms = ${untilMs}, waiting_ms = ${untilMs}
    WHERE tenant_id = ${tenant} AND receiver_id = ${receiver} AND leased_ms <= ${nowMs} AND paused_ms <= ${nowMs}
    RETURNING ${leasedColumns}`);

const lastPosition = (tenant: SQL): SQL => sql`coalesce((
  SELECT first + events - 1 FROM ${eventPagesTable} WHERE tenant_id = ${tenant} ORDER BY first DESC LIMIT 1), 0)`;

/** One receiver of a tenant. */
export interface Of {
  tenant: TenantId;
  receiver: string;
}

const of = ({ tenant, receiver }: Of): SQL => sql`tenant_id = ${tenant} AND receiver_id = ${receiver}`;

/** Gives a receiver back, with the time at which there is something to do again; answers that time. */
export const releaseStatement = (
  at: Of & { leasedMs: number },
  { failures, pausedMs, nowMs }: { failures: number; pausedMs: number; nowMs: number },
): Statement<number | undefined> =>
  mapped(
    firstRow<{ waiting_ms: number | null }>(sql`
      UPDATE ${eventReceiversTable} SET leased_ms = 0, failures = ${failures}, paused_ms = ${pausedMs},
        waiting_ms = CASE WHEN position < ${lastPosition(sql`${at.tenant}`)} THEN ${Math.max(nowMs, pausedMs)}
          ELSE (SELECT max(min(due_ms), ${pausedMs}) FROM ${eventLanesTable} WHERE ${of(at)}) END
      WHERE ${of(at)} AND leased_ms = ${at.leasedMs} RETURNING waiting_ms`),
    (row) => row?.waiting_ms ?? undefined,
  );

export const LEASE_LOST = "lease-lost";

/** Fails its batch if another run has the receiver by now. */
export const demandLease = (at: Of & { leasedMs: number }): Statement<void> =>
  demand(
    sql`EXISTS (SELECT 1 FROM ${eventReceiversTable} WHERE ${of(at)} AND leased_ms = ${at.leasedMs})`,
    LEASE_LOST,
  );

export const moveStatement = (at: Of, position: number, ahead: readonly number[]): Statement<number> =>
  change(sql`
    UPDATE ${eventReceiversTable} SET position = ${position}, ahead = ${JSON.stringify(ahead)} WHERE ${of(at)}`);

const laneColumns = columnsOf(eventLanesTable, "lane_id, lane_key, next, until, attempts, due_ms");

export type Lane = RowOf<typeof laneColumns>;

/** What waits apart, the longest due first. */
export const lanesStatement = (at: Of): Statement<Lane[]> =>
  rows<Lane>(sql`SELECT ${laneColumns} FROM ${eventLanesTable} WHERE ${of(at)} ORDER BY due_ms, lane_id`);

/** Puts lanes; of one that is there only its end moves. */
export const putLanesStatement = (at: Of, lanes: readonly Lane[]): Statement<number> =>
  change(sql`
    INSERT ${into(eventLanesTable, "tenant_id, receiver_id, lane_id, lane_key, next, until, attempts, due_ms")}
    SELECT ${at.tenant}, ${at.receiver}, l.value ->> 'lane_id', l.value ->> 'lane_key', l.value ->> 'next',
      l.value ->> 'until', l.value ->> 'attempts', l.value ->> 'due_ms'
    FROM json_each(${JSON.stringify(lanes)}) l WHERE 1
    ON CONFLICT (tenant_id, receiver_id, lane_id) DO UPDATE SET until = max(event_lanes.until, excluded.until)`);

export const moveLaneStatement = (
  at: Of,
  { lane_id, next, attempts, due_ms }: Pick<Lane, "lane_id" | "next" | "attempts" | "due_ms">,
): Statement<number> =>
  change(sql`
    UPDATE ${eventLanesTable} SET next = ${next}, attempts = ${attempts}, due_ms = ${due_ms}
    WHERE ${of(at)} AND lane_id = ${lane_id}`);

/** Ends the lanes that nothing waits in. */
export const endLanesStatement = (at: Of): Statement<number> =>
  change(sql`DELETE FROM ${eventLanesTable} WHERE ${of(at)} AND next > until`);

/** Once a receiver is back, what waited for it waits no longer. */
export const hurryStatement = (at: Of, nowMs: number): Statement<number> =>
  change(sql`UPDATE ${eventLanesTable} SET due_ms = ${nowMs} WHERE ${of(at)} AND due_ms > ${nowMs}`);

/** Positions whose outcomes are kept together: a row is written for each window, and removed in the end. */
export const PART = 1024;

/** Of outcomes by part, for each a JSON object by position. */
export const outcomesStatement = (
  at: Of,
  parts: readonly { part: number; outcomes: Readonly<Record<string, unknown>> }[],
  nowMs: number,
): Statement<number> =>
  change(sql`
    INSERT ${into(eventDeliveriesTable, "tenant_id, receiver_id, part, begun_ms, outcomes")}
    SELECT ${at.tenant}, ${at.receiver}, p.value ->> 'part', ${nowMs}, p.value -> 'outcomes'
    FROM json_each(${JSON.stringify(parts)}) p WHERE 1
    ON CONFLICT (tenant_id, receiver_id, part) DO UPDATE SET outcomes = json_patch(event_deliveries.outcomes, excluded.outcomes)`);

export interface OutcomesRow {
  receiver_id: string;
  part: number;
  outcomes: string;
}

/** What became of some parts of the stream, at one receiver or at all. */
export const outcomesOfStatement = (
  tenant: TenantId,
  receivers: readonly string[],
  parts: readonly number[],
): Statement<OutcomesRow[]> =>
  rows<OutcomesRow>(sql`
    SELECT d.receiver_id, d.part, d.outcomes FROM json_each(${JSON.stringify(receivers)}) r
    CROSS JOIN json_each(${JSON.stringify(parts)}) p
    CROSS JOIN ${eventDeliveriesTable} d ON d.tenant_id = ${tenant} AND d.receiver_id = r.value AND d.part = p.value`);

/** A new receiver, which hears of what happens from now on; only after the statement before it changed something. */
export const addReceiverIfChanged = (
  at: Of,
  { kind, types }: { kind: string; types: readonly string[] },
): Statement<number> =>
  change(sql`
    INSERT ${into(eventReceiversTable, "tenant_id, receiver_id, kind, types, position")}
    SELECT ${at.tenant}, ${at.receiver}, ${kind}, ${JSON.stringify(types)}, ${lastPosition(sql`${at.tenant}`)}
    WHERE changes() > 0`);

export const setTypesStatement = (at: Of, types: readonly string[]): Statement<number> =>
  change(sql`UPDATE ${eventReceiversTable} SET types = ${JSON.stringify(types)} WHERE ${of(at)}`);

/** Removes a receiver and what waits for it, unless the condition fails; how it went stays on record. */
export const removeReceiverStatements = (at: Of, condition: SQL = sql`1`): Statement<number>[] => [
  change(sql`DELETE FROM ${eventLanesTable} WHERE ${of(at)} AND ${condition}`),
  change(sql`DELETE FROM ${eventReceiversTable} WHERE ${of(at)} AND ${condition}`),
];

export const removeReceiversOfKindStatements = (tenant: TenantId, kind: string): Statement<number>[] => [
  change(sql`
    DELETE FROM ${eventLanesTable} WHERE tenant_id = ${tenant} AND receiver_id IN (
      SELECT receiver_id FROM ${eventReceiversTable} WHERE tenant_id = ${tenant} AND kind = ${kind})`),
  change(sql`DELETE FROM ${eventReceiversTable} WHERE tenant_id = ${tenant} AND kind = ${kind}`),
];

/** A receiver is looked after at once, whatever it waited for. */
export const wakeStatements = (at: Of, nowMs: number): Statement<number>[] => [
  change(sql`
    UPDATE ${eventReceiversTable} SET failures = 0, paused_ms = 0, waiting_ms = ${nowMs} WHERE ${of(at)} AND leased_ms <= ${nowMs}`),
  hurryStatement(at, nowMs),
  dueStatement(sql`${of(at)}`, nowMs),
];

/** Has a part of the stream told once more. */
export const addReplayStatements = (
  at: Of,
  { from, until }: { from: number; until: number },
  nowMs: number,
): Statement<number>[] => [
  putLanesStatement(at, [
    { lane_id: `replay:${newId()}`, lane_key: null, next: from, until, attempts: 0, due_ms: nowMs },
  ]),
  ...wakeStatements(at, nowMs),
];

/** One event for each receiver that is meant, to be sent through the queue. */
const dueStatement = (which: SQL, nowMs: number): Statement<number> =>
  change(sql`
    INSERT ${into(outboxTable, "id, tenant_id, kind, subject, data, created_ms, due_ms, attempts")}
    SELECT ${newSortableId(nowMs).slice(0, 16)} || lower(hex(randomblob(8))), tenant_id, ${DELIVERIES_DUE},
      receiver_id, '{}', ${nowMs}, ${nowMs}, 0
    FROM ${eventReceiversTable} WHERE ${which}`);

/** Receivers that wait since the time that was set are woken, and not looked at again before another. */
export const wakeWaitingStatements = (nowMs: number, untilMs: number, limit: number): Statement<number>[] => {
  const waiting = sql`(tenant_id, receiver_id) IN (
    SELECT tenant_id, receiver_id FROM ${eventReceiversTable} WHERE waiting_ms <= ${nowMs} ORDER BY waiting_ms, tenant_id, receiver_id LIMIT ${limit})`;
  return [
    dueStatement(waiting, nowMs),
    change(sql`UPDATE ${eventReceiversTable} SET waiting_ms = ${untilMs} WHERE ${waiting}`),
  ];
};

/** How far a receiver is. */
export interface Standing {
  receiver_id: string;
  failures: number;
  paused_ms: number;
  /** Events behind, those included that it does not want. */
  behind: number;
  held: number;
}

export const standingsStatement = (tenant: TenantId, kind: string): Statement<Standing[]> =>
  rows<Standing>(sql`
    SELECT receiver_id, failures, paused_ms, ${lastPosition(sql`${tenant}`)} - position AS behind,
      (SELECT count(*) FROM ${eventLanesTable} l WHERE l.tenant_id = r.tenant_id AND l.receiver_id = r.receiver_id) AS held
    FROM ${eventReceiversTable} r WHERE tenant_id = ${tenant} AND kind = ${kind}`);

/** Receivers of all kinds that did not take the last that was sent. */
export const countFailingStatement = (tenant: TenantId): Statement<number> =>
  mapped(
    firstRow<{ failing: number }>(
      sql`SELECT count(*) AS failing FROM ${eventReceiversTable} WHERE tenant_id = ${tenant} AND failures > 0`,
    ),
    (row) => row?.failing ?? 0,
  );

/** Receivers that did not take so many requests in a row. */
export const failingReceivers: TroubleSource = (tenant, { threshold, limit }) =>
  mapped(
    rows<{ id: string; kind: string; failures: number }>(sql`
      SELECT receiver_id AS id, kind, failures FROM ${eventReceiversTable}
      WHERE tenant_id = ${tenant} AND failures >= ${threshold} ORDER BY receiver_id LIMIT ${limit}`),
    (found) =>
      found.map(({ id, kind, failures }) => ({
        object: id,
        measure: failures,
        text: `The ${kind} ${id} did not take ${failures} requests in a row`,
      })),
  );
