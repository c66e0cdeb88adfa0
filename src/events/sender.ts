import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import type { Attempt } from "./attempt.ts";
import type { StreamEvent } from "./stream-event.ts";

/** A way to a receiver, open for one run. */
export interface Channel {
  /** Of these events, which are of its types, those that it is told of. */
  chosen: (events: readonly StreamEvent[]) => Promise<readonly StreamEvent[]>;
  /** Events that one request tells of at most. With more than one a request follows the other, else devices do not wait for each other. */
  batch: number;
  /** Tells of events, of one device in their order. Does not throw. */
  send: (events: readonly StreamEvent[]) => Promise<Attempt>;
  /** A pause after each request. */
  restMs?: number;
}

/** Opens the way to one receiver; undefined if it cannot be opened: nothing is lost meanwhile. */
export type Sender = (deps: Deps, tenant: TenantId, receiver: string) => Promise<Channel | undefined>;

/** Who knows how receivers of a kind are told. */
export type Senders = Readonly<Record<string, Sender>>;
