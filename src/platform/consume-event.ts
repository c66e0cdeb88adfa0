import type { EventHandlers } from "./background.ts";
import type { Deps } from "./deps.ts";
import { forgetEvent, type EventKind, type EventMessage } from "./outbox.ts";

export async function consumeEvent(deps: Deps, handlers: EventHandlers, event: EventMessage): Promise<void> {
  const followers = Object.hasOwn(handlers, event.kind) ? handlers[event.kind as EventKind] : []; // just looked up
  for (const handle of followers) await handle(deps, event);
  await deps.db(event.tenant).one(forgetEvent(event));
}
