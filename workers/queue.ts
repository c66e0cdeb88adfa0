import { consumeEvent } from "../src/platform/consume-event.ts";
import { HANDLERS } from "../src/app/event-handlers.ts";
import { makeDeps } from "../src/app/make-deps.ts";
import type { Deps } from "../src/platform/deps.ts";
import type { Env } from "../src/platform/env.ts";
import { drainOutbox, openEvents, type EventMessage } from "../src/platform/outbox.ts";
import { retryDelayMs } from "../src/platform/retry-delay.ts";
import { buryEvent } from "../src/workflows/dead.ts";
import { RetryLater } from "../src/platform/background.ts";

const BUSY_DELAY_S = 30;
const DEAD_LETTERS = "edgemend-jobs-dead";

export interface QueueOptions {
  /** The clock; tests hold it still. */
  now?: () => number;
}

/** What a follower recorded is sent at once, not by the next sweep. */
function sendFurtherEvents(deps: Deps): void {
  if (deps.cost.events === 0) return;
  const drained = drainOutbox(deps, deps.directory);
  deps.later(drained.catch((cause: unknown) => deps.log.error("outbox not drained", { cause })));
}

async function handle(deps: Deps, message: Message<unknown>, isDead: boolean): Promise<void> {
  const event = message.body as EventMessage; // only the outbox produces into these queues
  try {
    if (isDead) await buryEvent(deps, event);
    else await consumeEvent(deps, HANDLERS, event);
    message.ack();
    sendFurtherEvents(deps);
  } catch (cause) {
    if (cause instanceof RetryLater) return message.retry({ delaySeconds: BUSY_DELAY_S });
    const { kind, subject } = event;
    deps.log.error("event not handled", { kind, subject, attempt: message.attempts, cause });
    message.retry({ delaySeconds: Math.round(retryDelayMs(1000, message.attempts) / 1000) });
  }
}

const idOf = ({ body }: Message<unknown>): string => (body as EventMessage).id; // as in `handle`

/** Messages whose event was not handled yet; all of them if that cannot be told now. */
async function openMessages(deps: Deps, messages: readonly Message<unknown>[]): Promise<Set<string>> {
  const ids = messages.map(idOf);
  try {
    return new Set((await deps.directory.one(openEvents(ids))).map(({ id }) => id));
  } catch (cause) {
    deps.log.error("handled events not looked up", { cause });
    return new Set(ids);
  }
}

/** Each message is acknowledged or retried on its own, with growing delay. Repetitions of handled ones end here. */
export async function queue(
  batch: MessageBatch<unknown>,
  env: Env,
  ctx: ExecutionContext,
  { now }: QueueOptions = {},
): Promise<void> {
  const depsFor = (requestId: string) =>
    makeDeps(env, { requestId, origin: "", later: (work) => ctx.waitUntil(work), now });
  const open = await openMessages(await depsFor(batch.queue), batch.messages);
  for (const message of batch.messages) {
    if (open.has(idOf(message)))
      await handle(await depsFor(message.id), message, batch.queue === DEAD_LETTERS);
    else message.ack();
  }
}
