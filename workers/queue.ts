import { inEachDatabase } from "../src/platform/apart.ts";
import { consumeEvent } from "../src/platform/consume-event.ts";
import { HANDLERS } from "../src/app/event-handlers.ts";
import { makeDeps } from "../src/app/make-deps.ts";
import type { Deps } from "../src/platform/deps.ts";
import type { Env } from "../src/platform/env.ts";
import { findOpenEvents } from "../src/platform/find-events.ts";
import type { TenantId } from "../src/platform/ids.ts";
import type { EventKey, OpenEvent } from "../src/platform/outbox.ts";
import { retryDelayMs } from "../src/platform/retry-delay.ts";
import { drainOutbox } from "../src/platform/send-events.ts";
import { buryEvent } from "../src/workflows/index.ts";
import { RetryLater } from "../src/platform/background.ts";

const BUSY_DELAY_S = 30;
const DEAD_LETTERS = "edgemend-jobs-dead";
/** Tenants of a batch at work at once. Each may hold parts of an artifact in memory. */
const LANES = 3;

export interface QueueOptions {
  /** The clock; tests hold it still. */
  now?: () => number;
}

type Incoming = Message<unknown>;

interface Batch {
  isDead: boolean;
  /** Dependencies of one message. */
  depsFor: (requestId: string) => Promise<Deps>;
}

/** The event a message is about; undefined for what the outbox did not send. */
function keyOf({ body }: Incoming): EventKey | undefined {
  const { tenant, id, kind } = (body ?? {}) as Partial<EventKey>; // checked in the next line
  return typeof tenant === "string" && typeof id === "string"
    ? { tenant, id, kind: String(kind) }
    : undefined;
}

const delayS = (failures: number): number => Math.round(retryDelayMs(1000, failures) / 1000);

async function handle({ depsFor, isDead }: Batch, message: Incoming, open: OpenEvent): Promise<void> {
  const deps = await depsFor(message.id);
  const { kind, subject } = open.told();
  try {
    if (isDead) await buryEvent(deps, open.told());
    else await consumeEvent(deps, HANDLERS, open.read());
    message.ack();
  } catch (cause) {
    if (cause instanceof RetryLater) return message.retry({ delaySeconds: BUSY_DELAY_S });
    deps.log.error("event not handled", { kind, subject, attempt: message.attempts, cause });
    message.retry({ delaySeconds: delayS(message.attempts) });
  }
}

/** One tenant's messages follow each other; a tenant whose work takes long does not hold up the others. */
async function inLanes(tenants: Iterable<readonly (() => Promise<void>)[]>): Promise<void> {
  const waiting = [...tenants];
  const lane = async () => {
    for (let work = waiting.shift(); work; work = waiting.shift()) for (const step of work) await step();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** What followers recorded, and what waited for these to be handled, is sent at once and not by the next sweep. */
function sendFurtherEvents(deps: Deps, tenants: readonly TenantId[]): void {
  const { homes } = deps;
  const at = new Set(tenants.map((tenant) => homes.known(tenant, deps.now())?.home ?? homes.first));
  const drained = inEachDatabase(
    deps,
    async ({ db }) => {
      await drainOutbox(deps, db);
    },
    ({ name }) => at.has(name),
  );
  deps.later(drained.catch((cause: unknown) => deps.log.error("outbox not drained", { cause })));
}

/** Each message is acknowledged or retried on its own, with growing delay. Redelivered events that were handled end here. */
export async function queue(
  batch: MessageBatch<unknown>,
  env: Env,
  ctx: ExecutionContext,
  { now }: QueueOptions = {},
): Promise<void> {
  const depsFor = (requestId: string) =>
    makeDeps(env, { requestId, origin: "", later: (work) => ctx.waitUntil(work), now });
  const deps = await depsFor(batch.queue);
  const messages = batch.messages.flatMap((message) => {
    const key = keyOf(message);
    if (!key) message.ack();
    return key ? [{ message, key }] : [];
  });
  const { open, isKnown } = await findOpenEvents(
    deps,
    messages.map(({ key }) => key),
  );
  const work = messages.map(({ message, key }) => {
    const event = open.get(key.id);
    const step = async () => {
      if (event) await handle({ depsFor, isDead: batch.queue === DEAD_LETTERS }, message, event);
      else if (isKnown(key)) message.ack();
      else message.retry({ delaySeconds: delayS(message.attempts) });
    };
    return { tenant: key.tenant, step };
  });
  const byTenant = Map.groupBy(work, ({ tenant }) => tenant);
  await inLanes([...byTenant.values()].map((of) => of.map(({ step }) => step)));
  const handled = [...open.values()].map((event) => event.told().tenant);
  if (handled.length > 0) sendFurtherEvents(deps, handled);
}
