import {
  addReplayStatements,
  boundsStatement,
  eventsBackward,
  eventsOfPart,
  idOf,
  Outcomes,
  outcomesOfStatement,
  partsAt,
  positionAtStatement,
  type Attempt,
  type Outcome,
  type StreamEvent,
} from "../events/index.ts";
import type { UserActor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { EVENT_TYPES } from "../platform/event-types.ts";
import { Fault } from "../platform/fault.ts";
import { channelOf } from "./sender.ts";
import { webhookStatement, type WebhookRow } from "./store.ts";
import { notFound } from "./webhooks.ts";

const PER_PAGE = 50;
/** Events that one request looks through. */
const LOOKED_THROUGH = 10_000;

export interface Delivered {
  event: StreamEvent;
  outcome: Outcome;
}

async function rowOf(deps: Deps, { tenant }: UserActor, id: string): Promise<WebhookRow> {
  const row = await deps.db(tenant).one(webhookStatement(tenant, id));
  if (!row) throw notFound();
  return row;
}

/** How events were told, the newest first. */
export async function listDeliveries(
  deps: Deps,
  actor: UserActor,
  id: string,
  { cursor, onlyFailed }: { cursor?: number | undefined; onlyFailed: boolean },
): Promise<{ deliveries: Delivered[]; cursor: number; more: boolean }> {
  const { tenant } = actor;
  await rowOf(deps, actor, id);
  const deliveries: Delivered[] = [];
  let seen = 0;
  let reached = cursor ?? Number.MAX_SAFE_INTEGER;
  for await (const events of eventsBackward(deps, tenant, reached)) {
    const parts = partsAt(events.map(({ position }) => position));
    const outcomes = new Outcomes(await deps.db(tenant).one(outcomesOfStatement(tenant, [id], parts)));
    for (const event of events) {
      reached = event.position;
      const outcome = outcomes.of(id, event.position);
      if (!outcome || (onlyFailed && outcome.success)) continue;
      deliveries.push({ event, outcome });
      if (deliveries.length === PER_PAGE) return { deliveries, cursor: reached, more: reached > 1 };
    }
    seen += events.length;
    if (seen >= LOOKED_THROUGH) return { deliveries, cursor: reached, more: reached > 1 };
  }
  return { deliveries, cursor: Math.min(reached, 1), more: false };
}

const entry = (id: string, change: string) => ({
  action: "update",
  object: { type: "webhook", id },
  change,
});

/** Has one event sent again. */
export async function sendAgain(deps: Deps, actor: UserActor, id: string, position: number): Promise<void> {
  const { tenant } = actor;
  await rowOf(deps, actor, id);
  const found = await eventsOfPart(deps, tenant, position);
  if (!found) throw new Fault("not_found", "there is no such event any more");
  const at = deps.now();
  await deps
    .db(tenant)
    .batch([
      ...addReplayStatements({ tenant, receiver: id }, { from: position, until: position }, at),
      addAudit(actor, entry(id, `event ${position} is sent again`), at),
    ]);
}

/** Has everything of a time sent again that the webhook is told of; answers how much is looked through. */
export async function replay(
  deps: Deps,
  actor: UserActor,
  id: string,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): Promise<number> {
  const { tenant } = actor;
  await rowOf(deps, actor, id);
  const [bounds, from, until] = await deps
    .db(tenant)
    .batch([
      boundsStatement(tenant),
      positionAtStatement(tenant, sinceMs),
      positionAtStatement(tenant, untilMs),
    ]);
  if (!bounds) return 0;
  const first = await edge(deps, tenant, Math.max(from + 1, bounds.first), sinceMs);
  const last = (await edge(deps, tenant, Math.max(until + 1, bounds.first), untilMs)) - 1;
  if (last < first) return 0;
  const at = deps.now();
  await deps
    .db(tenant)
    .batch([
      ...addReplayStatements({ tenant, receiver: id }, { from: first, until: last }, at),
      addAudit(actor, entry(id, `events ${first} to ${last} are sent again`), at),
    ]);
  return last - first + 1;
}

/** The first position from one on whose event is not before a time. */
async function edge(deps: Deps, tenant: UserActor["tenant"], from: number, atMs: number): Promise<number> {
  const page = await eventsOfPart(deps, tenant, from);
  if (!page) return from;
  const found = page.events.find((event) => event.position >= from && event.atMs >= atMs);
  return found?.position ?? page.end + 1;
}

/** Tells the receiver of something that did not happen, and what it answers. */
export async function test(deps: Deps, actor: UserActor, id: string): Promise<Attempt> {
  const { tenant } = actor;
  const row = await rowOf(deps, actor, id);
  const channel = await channelOf(deps, tenant, row);
  const event: StreamEvent = {
    position: 0,
    id: idOf(tenant, 0),
    type: "webhook.test",
    atMs: deps.now(),
    subject: id,
    data: EVENT_TYPES["webhook.test"].sample,
  };
  return channel.send([event]);
}
