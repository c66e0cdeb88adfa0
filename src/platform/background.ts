import type { Deps } from "./deps.ts";
import type { EventKind, EventMessage } from "./outbox.ts";

/** Carries out one follower of an event. Must be idempotent: events come at least once and in no order. */
export type EventHandler = (deps: Deps, event: EventMessage) => Promise<void>;

/** The followers of every kind of event: what nobody follows is not recorded. */
export type EventHandlers = Readonly<Record<EventKind, readonly [EventHandler, ...EventHandler[]]>>;

/** One recurring duty. Works in pages and may run twice at once without harm. */
export type Sweep = (deps: Deps) => Promise<void>;

/** The message of the queue is to come again after a while; not a fault. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
}
