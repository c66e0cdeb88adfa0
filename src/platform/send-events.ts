import { sql } from "drizzle-orm";
import { change, rows, type Database } from "./database.ts";
import type { Deps } from "./deps.ts";
import { addFailedEvent } from "./failed-jobs.ts";
import { asTenantId, newId } from "./ids.ts";
import { QUEUE } from "./limits.ts";
import { forgetEvent, openEvents, type EventKey } from "./outbox.ts";
import { batchesOf, fitsQueue } from "./queue-batches.ts";
import { retryDelayMs } from "./retry-delay.ts";
import { outboxTable, tenantDoorsTable } from "./tables.ts";
import { columnsOf, type RowOf } from "./columns.ts";

/** How long a sent event may stay unhandled before the sweep sends it again. */
const RESEND_AFTER_MS = 5 * 60_000;
/** Events of one tenant that are on their way at once: the queue of the others is no longer than that. */
const WINDOW = 200;
/** Tenants looked at in one round; the next round begins elsewhere. */
const TENANTS = 200;
/** What one run sends; the next goes on. */
const ROUNDS = 10;

/** An event the queue refuses, and nothing else, is tried so often before it is shown as failed. */
const REFUSALS = 3;
const REFUSED_PAUSE_MS = 60_000;

const UNSENDABLE = "the queue does not take this event; the log has the reason";

const dueColumns = columnsOf(outboxTable, "tenant_id, id, kind, attempts");

type DueRow = RowOf<typeof dueColumns>;

/** Ids begin with the time they are due at, in twelve hexadecimal digits. */
const idsUntil = (ms: number): string => (ms + 1).toString(16).padStart(12, "0");

/** Any place to begin at: ids of tenants are hexadecimal, and the walk goes round. */
const anyTenant = (): string => newId().slice(0, 4);

/**
 * Marks due events as sent and answers them: the first of each tenant, then the second of each, and so on. What is on
 * its way counts for its tenant's window until it is handled. Those of a tenant that is being moved wait.
 */
const takeDue = (nowMs: number) =>
  rows<DueRow>(sql`
    UPDATE ${outboxTable} SET due_ms = ${nowMs + RESEND_AFTER_MS}, attempts = attempts + 1
    WHERE (tenant_id, id) IN (
      WITH RECURSIVE waiting(tenant) AS (
        SELECT coalesce(
          (SELECT min(tenant_id) FROM ${outboxTable} WHERE tenant_id > ${anyTenant()}),
          (SELECT min(tenant_id) FROM ${outboxTable}))
        UNION
        SELECT coalesce(
          (SELECT min(tenant_id) FROM ${outboxTable} WHERE tenant_id > waiting.tenant),
          (SELECT min(tenant_id) FROM ${outboxTable}))
        FROM waiting LIMIT ${TENANTS})
      SELECT tenant, id FROM (
        SELECT w.tenant, o.id, row_number() OVER (PARTITION BY w.tenant ORDER BY o.id) AS turn
        FROM waiting w CROSS JOIN ${outboxTable} o ON o.tenant_id = w.tenant AND o.id IN (
          SELECT first.id FROM (
            SELECT i.id, i.due_ms FROM ${outboxTable} i
            WHERE i.tenant_id = w.tenant AND i.id < ${idsUntil(nowMs)} ORDER BY i.id LIMIT ${WINDOW}) first
          WHERE first.due_ms <= ${nowMs})
        WHERE NOT EXISTS (
          SELECT 1 FROM ${tenantDoorsTable} d WHERE d.tenant_id = w.tenant AND d.state <> 'open'))
      ORDER BY turn, id LIMIT ${QUEUE.batchMessages})
    RETURNING ${dueColumns}`);

const keyOf = ({ tenant_id: tenant, id, kind }: DueRow): EventKey => ({ tenant, id, kind });

const messagesOf = (keys: readonly EventKey[]) => keys.map((body) => ({ body }));

interface Refused {
  row: DueRow;
  cause: unknown;
}

/** Sends a batch; if the queue refuses it, each of its messages alone. */
async function sendApart(deps: Deps, batch: readonly DueRow[]): Promise<Refused[]> {
  try {
    await deps.jobs.sendBatch(messagesOf(batch.map(keyOf)));
    return [];
  } catch (cause) {
    if (batch.length === 1) return batch.map((row) => ({ row, cause }));
    const refused: Refused[] = [];
    for (const row of batch) refused.push(...(await sendApart(deps, [row])));
    return refused;
  }
}

/** Whether the queue takes anything: a message about no event, which the consumer drops. */
const isQueueThere = (deps: Deps): Promise<boolean> =>
  deps.jobs.sendBatch(messagesOf([{ tenant: asTenantId(""), id: "", kind: "probe" }])).then(
    () => true,
    () => false,
  );

/** Puts events off that the queue did not take, each for longer than before; in the end they are shown as failed. */
async function setApart(deps: Deps, db: Database, refused: readonly Refused[]): Promise<void> {
  const nowMs = deps.now();
  for (const { row, cause } of refused) {
    const { tenant_id: tenant, id, kind, attempts } = row;
    deps.log.error("event not sent", { tenant, id, kind, attempts, cause });
    if (attempts >= REFUSALS || !fitsQueue(keyOf(row))) {
      const [event] = await db.one(openEvents([keyOf(row)]));
      if (event)
        await db.batch([addFailedEvent(event.told(), UNSENDABLE, nowMs), forgetEvent({ tenant, id })]);
      continue;
    }
    const dueMs = nowMs + retryDelayMs(REFUSED_PAUSE_MS, attempts);
    await db.one(
      change(sql`UPDATE ${outboxTable} SET due_ms = ${dueMs} WHERE tenant_id = ${tenant} AND id = ${id}`),
    );
  }
}

/** The queue is away: nothing of it is the fault of an event. */
const putBack = (db: Database, taken: readonly DueRow[], nowMs: number) => {
  const pairs = JSON.stringify(taken.map(({ tenant_id, id }) => [tenant_id, id]));
  return db.one(
    change(sql`UPDATE ${outboxTable} SET due_ms = ${nowMs + REFUSED_PAUSE_MS}, attempts = attempts - 1
      WHERE (tenant_id, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${pairs}))`),
  );
};

async function sendRound(deps: Deps, db: Database): Promise<number> {
  const due = await db.one(takeDue(deps.now()));
  const refused: Refused[] = [];
  for (const batch of batchesOf(due, keyOf)) refused.push(...(await sendApart(deps, batch)));
  if (refused.length > 0 && refused.length === due.length && !(await isQueueThere(deps))) {
    await putBack(db, due, deps.now());
    throw new Error("the queue takes no events", { cause: refused[0]?.cause });
  }
  await setApart(deps, db, refused);
  return due.length;
}

/**
 * Sends due events to the queue and leaves them in place until they are handled. Tenants take turns, and an event that
 * cannot be sent holds up no other. Safe to run twice at once.
 */
export async function drainOutbox(deps: Deps, db: Database): Promise<number> {
  let sent = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const due = await sendRound(deps, db);
    sent += due;
    if (due < QUEUE.batchMessages) break;
  }
  return sent;
}
