import { refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { isOfType } from "../platform/event-types.ts";
import type { TenantId } from "../platform/ids.ts";
import { addEvent } from "../platform/outbox.ts";
import { retryDelayMs } from "../platform/retry-delay.ts";
import { drainOutbox } from "../platform/send-events.ts";
import { DELIVERIES_DUE } from "../platform/stream.ts";
import { FIRST_PAUSE_MS, GIVE_UP_MS, tellLane } from "./lane.ts";
import { recordStatements } from "./outcomes.ts";
import { pagesAfter } from "./page-store.ts";
import {
  demandLease,
  hurryStatement,
  LEASE_LOST,
  lanesStatement,
  moveStatement,
  putLanesStatement,
  releaseStatement,
  type Lane,
  type Leased,
} from "./receiver-store.ts";
import type { Channel, Senders } from "./sender.ts";
import { eventsOf, keyOf, type StreamEvent } from "./stream-event.ts";
import { PROBES, tellAll } from "./telling.ts";
import { settled, unsettled, type Settled, type Window } from "./window.ts";

/** Pauses of a receiver that answers nobody. */
const RECEIVER_PAUSE_MS = 5_000;
const LAST_RECEIVER_PAUSE_MS = 60_000;

/**
 * No window is begun after so long, and no request sent much later. Runs are short because a queue may have no more than a
 * few consumers: the local one begins no batch before the runs of the last have ended.
 */
const RUN_MS = 5_000;
const LAST_WINDOW_MS = 1_000;
/** Outlasts the run, and the request that was sent last. */
export const LEASE_MS = RUN_MS + LAST_WINDOW_MS + 15_000;

/** Of one run, each with two calls of the database. */
const WINDOWS = 200;
/** Pages read for a window. */
const PAGES = 4;
const LANES_AT_ONCE = 24;

/** With so many lanes it is the receiver that takes nothing, and no event. */
const MAX_LANES = 500;

/** One receiver being told. */
export class Run {
  readonly #deps: Deps;
  readonly #at: { tenant: TenantId; receiver: string; leasedMs: number };
  readonly #senders: Senders;
  readonly #kind: string;
  readonly #types: readonly string[];
  readonly #untilMs: number;
  #position: number;
  #ahead: readonly number[];
  #failures: number;
  #pausedMs = 0;

  constructor(
    deps: Deps,
    at: { tenant: TenantId; receiver: string; leasedMs: number },
    leased: Leased,
    senders: Senders,
  ) {
    this.#deps = deps;
    this.#at = at;
    this.#senders = senders;
    this.#kind = leased.kind;
    this.#types = JSON.parse(leased.types) as string[]; // written by `addReceiverIfChanged`
    this.#position = leased.position;
    this.#ahead = JSON.parse(leased.ahead) as number[]; // written by `moveStatement`
    this.#failures = leased.failures;
    this.#untilMs = deps.now() + RUN_MS;
  }

  get #isInTime(): boolean {
    return this.#pausedMs === 0 && this.#deps.now() < this.#untilMs;
  }

  async whole(): Promise<void> {
    const channel = await this.#senders[this.#kind]?.(this.#deps, this.#at.tenant, this.#at.receiver);
    try {
      if (channel) await this.#tell(channel);
      else this.#fail();
    } catch (cause) {
      if (refusalOf(cause) === LEASE_LOST) return;
      throw cause;
    }
    await this.#release();
  }

  async #tell(channel: Channel): Promise<void> {
    let idle = 0;
    for (let turn = 0; turn < WINDOWS && this.#isInTime; turn++) {
      const moved = await this.#turn(channel);
      if (moved) idle = 0;
      else if (idle++ > 0 || !(await this.#linger())) return;
    }
  }

  /** Waits a while for more: to be woken for each event costs more than to look. */
  async #linger(): Promise<boolean> {
    const ms = this.#deps.settings.DELIVERY_PAUSE_MS;
    if (ms === 0 || this.#failures > 0) return false;
    await scheduler.wait(ms);
    return true;
  }

  /** Whether there was anything to do. */
  async #turn(channel: Channel): Promise<boolean> {
    const { tenant } = this.#at;
    const looking = { scanned: PAGES, limit: PAGES };
    const [pages, , lanes] = await this.#deps
      .db(tenant)
      .batch([...pagesAfter(tenant, this.#position, looking), lanesStatement(this.#at)]);
    const events = pages
      .flatMap((page) => eventsOf(tenant, page))
      .filter(({ position }) => position > this.#position);
    if (events.length > 0) await this.#window(channel, events, lanes);
    const due = lanes.filter(({ due_ms }) => due_ms <= this.#deps.now());
    if (this.#isInTime && due.length > 0) await this.#lanes(channel, due);
    return events.length > 0 || due.length > 0;
  }

  async #window(channel: Channel, events: readonly StreamEvent[], lanes: readonly Lane[]): Promise<void> {
    const window = await this.#windowOf(channel, events, lanes);
    const now = this.#deps.now;
    const told = await tellAll(channel, window.events, now, this.#untilMs + LAST_WINDOW_MS);
    const isLost =
      window.events.length > 0 && (!told.isThere || lanes.length >= MAX_LANES) && told.attempts.size > 0;
    const dueMs = now() + retryDelayMs(FIRST_PAUSE_MS, 0);
    const outcome = isLost
      ? unsettled(window, told, this.#position, this.#failures)
      : settled(window, told, dueMs);
    const isBack = !isLost && told.isThere && this.#failures > 0;
    if (isLost || told.isLost) this.#fail();
    else if (told.isThere) this.#failures = 0;
    if (window.events.length > 0 && channel.restMs !== undefined && this.#pausedMs === 0)
      this.#pausedMs = now() + channel.restMs;
    await this.#settle(outcome, isBack ? [hurryStatement(this.#at, now())] : []);
  }

  /** What is to be told of these events. A receiver that was away is shown by a few whether it is back. */
  async #windowOf(channel: Channel, events: readonly StreamEvent[], lanes: readonly Lane[]): Promise<Window> {
    const done = new Set(this.#ahead);
    const wanted = events.filter(({ type, position }) => isOfType(this.#types, type) && !done.has(position));
    const chosen = wanted.length === 0 ? [] : await channel.chosen(wanted);
    const oldestMs = this.#failures > 0 ? this.#deps.now() - GIVE_UP_MS : Number.NEGATIVE_INFINITY;
    const behind = new Set(lanes.map(({ lane_key: key }) => key));
    const isHeld = (event: StreamEvent) => behind.has(keyOf(event));
    const isExpired = (event: StreamEvent) => event.atMs <= oldestMs && !isHeld(event);
    const open = chosen.filter((event) => !isHeld(event) && !isExpired(event));
    const some = this.#failures > 0 ? firstKeys(open, PROBES) : open;
    const [next] = open.slice(some.length);
    const end = next ? next.position - 1 : (events.at(-1)?.position ?? this.#position);
    const isWithin = ({ position }: StreamEvent) => position <= end;
    return {
      end,
      events: some,
      held: chosen.filter((event) => isHeld(event) && isWithin(event)),
      expired: chosen.filter((event) => isExpired(event) && isWithin(event)),
      done: this.#ahead,
    };
  }

  async #settle(
    { position, ahead, lanes, ended }: Settled,
    further: readonly Statement<unknown>[],
  ): Promise<void> {
    await this.#deps
      .db(this.#at.tenant)
      .batch([
        demandLease(this.#at),
        moveStatement(this.#at, position, ahead),
        ...(lanes.length > 0 ? [putLanesStatement(this.#at, lanes)] : []),
        ...recordStatements(this.#at, ended, this.#deps.now()),
        ...further,
      ]);
    this.#position = position;
    this.#ahead = ahead;
  }

  /** Lanes do not wait for each other; while the receiver seems to be away a few are tried. */
  async #lanes(channel: Channel, due: readonly Lane[]): Promise<void> {
    const some = due.slice(0, this.#failures > 0 ? PROBES : LANES_AT_ONCE);
    let isThere = false;
    for (const lane of some) {
      if (this.#deps.now() >= this.#untilMs) return;
      const told = await tellLane(this.#deps, this.#at, {
        channel,
        types: this.#types,
        lane,
        untilMs: this.#untilMs,
      });
      await this.#deps.db(this.#at.tenant).batch([demandLease(this.#at), ...told.statements]);
      isThere ||= told.isThere;
    }
    if (!isThere) this.#fail();
    else if (this.#failures > 0) {
      this.#failures = 0;
      await this.#deps.db(this.#at.tenant).one(hurryStatement(this.#at, this.#deps.now()));
    }
  }

  #fail(): void {
    this.#failures += 1;
    const pause = Math.min(retryDelayMs(RECEIVER_PAUSE_MS, this.#failures - 1), LAST_RECEIVER_PAUSE_MS);
    this.#pausedMs = this.#deps.now() + pause;
  }

  async #release(): Promise<void> {
    const { now, log } = this.#deps;
    const { tenant, receiver } = this.#at;
    const db = this.#deps.db(tenant);
    const state = { failures: this.#failures, pausedMs: this.#pausedMs, nowMs: now() };
    const waitingMs = await db.one(releaseStatement(this.#at, state));
    if (waitingMs === undefined || waitingMs > now()) return;
    await db.one(addEvent({ kind: DELIVERIES_DUE, tenant, subject: receiver }, now()));
    await drainOutbox(this.#deps, db).catch((cause: unknown) => log.error("outbox not drained", { cause }));
  }
}

/** The events before the one that would be of a further key. */
function firstKeys(events: readonly StreamEvent[], count: number): StreamEvent[] {
  const keys = new Set<string>();
  const end = events.findIndex((event) => keys.add(keyOf(event)).size > count);
  return end < 0 ? [...events] : events.slice(0, end);
}
