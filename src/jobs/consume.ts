import { forgetEvent, type EventMessage } from "../platform/outbox.ts";
import type { Deps } from "../platform/deps.ts";

/** Carries out one follower of an event. Must be idempotent: events come at least once and in no order. */
export type EventHandler = (deps: Deps, event: EventMessage) => Promise<void>;

/** Followers by event kind. An event without followers is only recorded for the moment it is handled. */
export type EventHandlers = Partial<Record<string, readonly EventHandler[]>>;

export async function consumeEvent(deps: Deps, handlers: EventHandlers, event: EventMessage): Promise<void> {
  for (const handle of handlers[event.kind] ?? []) await handle(deps, event);
  await deps.db(event.tenant).one(forgetEvent(event.id));
}
