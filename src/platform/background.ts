import type { Deps } from "./deps.ts";
import type { SystemActor } from "./actor.ts";
import type { EventKind, EventMessage } from "./outbox.ts";

/** Carries out one follower of an event. Must be idempotent: events come at least once and in no order. */
export type EventHandler = (deps: Deps, event: EventMessage) => Promise<void>;

/** The followers of every kind of event: what nobody follows is not recorded. */
export type EventHandlers = Readonly<Record<EventKind, readonly [EventHandler, ...EventHandler[]]>>;

/** One recurring duty. Works in pages and may run twice at once without harm. */
export type Sweep = (deps: Deps) => Promise<void>;

export interface WorkflowCall {
  actor: SystemActor;
  /** A UUID that is the same however often the step is carried out. */
  stableId: string;
}

/** What a `call` task of a workflow runs. May be repeated without harm; refuses parameters it cannot use. */
export type WorkflowFunction = (deps: Deps, call: WorkflowCall, parameters: unknown) => Promise<void>;

/** The message of the queue is to come again after a while; not a fault. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
}
