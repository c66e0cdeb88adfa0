import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HANDLERS } from "../../src/app/event-handlers.ts";
import { EVERY_MINUTE, EVERY_NIGHT, runSweeps } from "../../src/app/sweeps.ts";
import { consumeEvent } from "../../src/platform/consume-event.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { asTenantId } from "../../src/platform/ids.ts";
import { openEvents, type EventKey } from "../../src/platform/outbox.ts";
import { drainOutbox } from "../../src/platform/send-events.ts";
import { tell } from "../../src/platform/stream.ts";
import { aUser } from "../support/actors.ts";
import { dollarsOf, GOAL, OPERATIONS } from "../support/event-cost.ts";
import { many } from "../support/form.ts";
import { standIn } from "../support/receivers.ts";
import { Server } from "../support/server.ts";

const TENANT = asTenantId("default");
const MINUTE_MS = 60_000;
/** 10,000 events a minute, ten times a second. */
const TICK_MS = 100;
const EVENTS_A_TICK = 10_000 / (MINUTE_MS / TICK_MS);
const LOAD_MS = many(5, 1) * MINUTE_MS;
const RECEIVERS = 20;
const SLOW_MS = 3000;
const MAX_LAG_MS = 10_000;
const KEPT_MS = 31 * 86_400_000;

/**
 * Time that stands still while anybody works, and goes on to the next thing that is waited for once everybody waits: what
 * takes long by itself is left out, and `npm run bench:events` measures it.
 */
class VirtualTime {
  readonly #server: Server;
  #waiting: { atMs: number; wake: () => void }[] = [];
  #atWork = 0;
  #idle: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  readonly wait = (ms: number): Promise<void> =>
    new Promise((wake) => {
      this.#waiting.push({ atMs: this.#server.now + ms, wake });
      this.#look();
    });

  readonly later = (work: Promise<unknown>): void => {
    this.#atWork += 1;
    void work.finally(() => {
      this.#atWork -= 1;
      this.#look();
    });
  };

  get isOver(): boolean {
    return this.#atWork === 0;
  }

  /** Resolves as everybody at work waits for a time. */
  allWait(): Promise<void> {
    return new Promise((idle) => {
      this.#idle = idle;
      this.#look();
    });
  }

  #look(): void {
    if (this.#waiting.length < this.#atWork) return;
    this.#idle?.();
    this.#idle = undefined;
  }

  /** Goes on to what is waited for next, or to this time if that is sooner. */
  goOn(untilMs: number): void {
    const nextMs = Math.min(untilMs, ...this.#waiting.map(({ atMs }) => atMs));
    this.#server.advance(Math.max(0, nextMs - this.#server.now));
    const due = this.#waiting.filter(({ atMs }) => atMs <= this.#server.now);
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { wake } of due) wake();
  }
}

interface Told {
  sequence: string;
  time: string;
}

let server: Server;
let time: VirtualTime;
beforeEach(async () => {
  server = await Server.start();
  server.configure({ DELIVERY_PAUSE_MS: "2000" });
  time = new VirtualTime(server);
  vi.stubGlobal("scheduler", { wait: time.wait });
});
afterEach(() => vi.unstubAllGlobals());

const urlOf = (receiver: number) => `https://hooks.example.com/${receiver}`;

/** What receivers are told, and how late; the first is away, the second takes its time. */
function receiving() {
  const seen = Array.from({ length: RECEIVERS }, () => new Map<string, number>());
  let repeated = 0;
  standIn(async ({ url, body }) => {
    const receiver = Number(url.slice(url.lastIndexOf("/") + 1));
    if (receiver === 0) throw new TypeError("connection refused");
    for (const event of JSON.parse(body) as Told[]) {
      if (seen[receiver]!.has(event.sequence)) repeated += 1;
      seen[receiver]!.set(event.sequence, server.now - Date.parse(event.time));
    }
    if (receiver === 1) await time.wait(SLOW_MS);
    return new Response("ok");
  });
  return { seen, repeated: () => repeated };
}

it("10,000 events a minute to 20 receivers, of which one is away and one slow: others hear within 10 s, and a million cost $1.50", async () => {
  const admin = await aUser(server);
  const { seen, repeated } = receiving();
  for (let receiver = 0; receiver < RECEIVERS; receiver++) {
    const json = { name: "r", types: ["*"], target: urlOf(receiver), batch: 100 };
    await server.call("POST", "/api/management/v1/webhooks", { token: admin.token, json });
  }
  const queue: EventKey[] = [];
  let messages = 0;
  const deps: Deps = await server.deps();
  deps.later = time.later;
  deps.jobs = {
    sendBatch: async (batch: Iterable<{ body: EventKey }>) => {
      for (const { body } of batch) queue.push(body);
    },
  } as unknown as typeof deps.jobs;
  await drainOutbox(deps, deps.db(TENANT));
  queue.length = 0;
  const before = { ...deps.cost };

  /** As the consumer does with each batch. */
  const consume = async () => {
    const keys = queue.splice(0);
    messages += keys.length;
    for (const open of await deps.db(TENANT).one(openEvents(keys)))
      await consumeEvent(deps, HANDLERS, open.read());
  };
  let told = 0;
  const happen = async () => {
    const until = Math.round(((server.now - begunMs) / TICK_MS + 1) * EVENTS_A_TICK);
    for (; told < until; told++) {
      const data = { keys: ["interval"] };
      const event = { type: "configuration.applied" as const, device: `device-${told % 500}`, data };
      await deps.db(TENANT).batch(tell(TENANT, [event], server.now));
    }
    await drainOutbox(deps, deps.db(TENANT));
  };
  const begunMs = server.now;
  const endMs = begunMs + LOAD_MS;
  let tickMs = begunMs;
  let sweepMs = begunMs + MINUTE_MS;
  for (;;) {
    await time.allWait();
    if (queue.length > 0) await consume();
    else if (server.now >= tickMs && tickMs < endMs) {
      await happen();
      tickMs += TICK_MS;
    } else if (server.now >= sweepMs && sweepMs <= endMs) {
      await runSweeps(deps, { "wake-receivers": EVERY_MINUTE["wake-receivers"]! });
      sweepMs += MINUTE_MS;
    } else if (tickMs >= endMs && time.isOver) break;
    else time.goOn(tickMs < endMs ? tickMs : Infinity);
  }
  const good = seen.slice(2);
  const lags = good.flatMap((of) => [...of.values()]).toSorted((a, b) => a - b);
  const p99Ms = lags[Math.floor(lags.length * 0.99)]!;
  expect(good.map(({ size }) => size)).toEqual(good.map(() => told));
  expect([seen[0]!.size, seen[1]!.size, repeated()]).toEqual([0, told, 0]);
  expect(p99Ms).toBeLessThanOrEqual(MAX_LAG_MS);

  server.advance(KEPT_MS);
  await runSweeps(deps, { "forget-events": EVERY_NIGHT["forget-events"]! });
  const each = {
    rowsWritten: (deps.cost.rowsWritten - before.rowsWritten) / told,
    rowsRead: (deps.cost.rowsRead - before.rowsRead) / told,
    messages: messages / told,
  };
  const operations = (each.messages * OPERATIONS) / RECEIVERS;
  const dollars = dollarsOf(each);
  console.log(JSON.stringify({ events: told, p99Ms, maxMs: lags.at(-1), ...each, operations, dollars }));
  expect(operations).toBeLessThanOrEqual(3);
  expect({ each, dollars, isCheap: dollars <= GOAL }).toMatchObject({ isCheap: true });
}, 240_000);
