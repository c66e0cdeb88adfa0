import type { EventHandlers } from "./background.ts";
import type { Deps } from "./deps.ts";
import { forgetEvent, type EventMessage } from "./outbox.ts";

export async function consumeEvent(deps: Deps, handlers: EventHandlers, event: EventMessage): Promise<void> {
  for (const handle of handlers[event.kind] ?? []) await handle(deps, event);
  await deps.db(event.tenant).one(forgetEvent(event));
}
