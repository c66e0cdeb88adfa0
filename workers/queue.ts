import { consumeEvent } from "../src/jobs/consume.ts";
import { HANDLERS } from "../src/jobs/handlers.ts";
import { makeDeps, type Deps } from "../src/platform/deps.ts";
import type { Env } from "../src/platform/env.ts";
import { drainOutbox, type EventMessage } from "../src/platform/outbox.ts";

const MAX_DELAY_S = 3600;

/** What a follower recorded is sent at once, not by the next sweep. */
function sendFurtherEvents(deps: Deps): void {
  if (deps.cost.events === 0) return;
  const drained = drainOutbox(deps, deps.directory);
  deps.later(drained.catch((cause: unknown) => deps.log.error("outbox not drained", { cause })));
}

/** Each message is acknowledged or retried on its own, with growing delay. */
export async function queue(batch: MessageBatch<unknown>, env: Env, ctx: ExecutionContext): Promise<void> {
  for (const message of batch.messages) {
    const event = message.body as EventMessage; // only the outbox produces into this queue
    const deps = await makeDeps(env, {
      requestId: event.id,
      origin: "",
      later: (work) => ctx.waitUntil(work),
    });
    try {
      await consumeEvent(deps, HANDLERS, event);
      message.ack();
      sendFurtherEvents(deps);
    } catch (cause) {
      deps.log.error("event not handled", {
        kind: event.kind,
        subject: event.subject,
        attempt: message.attempts,
        cause,
      });
      message.retry({ delaySeconds: Math.min(2 ** message.attempts, MAX_DELAY_S) });
    }
  }
}
