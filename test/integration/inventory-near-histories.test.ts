import { evictDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { askReport } from "../../src/checkin/index.ts";
import { makeDeps } from "../../src/app/make-deps.ts";
import { reportAttributes } from "../../src/inventory/device-attributes.ts";
import { clearInventory } from "../../src/inventory/devices.ts";
import { forgetDevices, upsertAttributes } from "../../src/inventory/internal.ts";
import { writeTags } from "../../src/inventory/tags.ts";
import type { Env } from "../../src/platform/env.ts";
import { asDeviceId } from "../../src/platform/ids.ts";
import { WHOLE } from "../../src/platform/plans.ts";
import { aDevice, type TestDevice } from "../support/actors.ts";
import { many } from "../support/form.ts";
import { env, Server } from "../support/server.ts";

/**
 * Whatever happens at once and wherever it stops: a report that the head answers is what is stored at that moment. Every call
 * of the database and of the head waits to be chosen. It is carried out, or lost on its way, or its answer is; what isolates gather
 * for the head goes along with the next report of theirs, or by itself; the head falls; and what is not chosen any more belongs
 * to a process that is gone.
 */
const HISTORIES = many(1000, 20);
const SEED = 20_261_130;
const VALUES = ["1", "2"];
/** So much that the other is a small part of it. */
const REST = { name: "rest", value: "r".repeat(200) };
const DAY_AND_MORE = 86_400_000 + 600_000;

type Fate = "done" | "lost" | "unanswered";
const ISOLATES = 2;
/** After so long isolates ask a head again that was away, and a head stores what it is told at once. */
const SILENCE = 5001;

type Kind = "report" | "clear" | "write" | "forget" | "tag" | "gathered" | "silence" | "fall" | "next day";

const action = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Kind>("report") },
    { weight: 3, arbitrary: fc.constantFrom<Kind>("clear", "write", "forget") },
    { weight: 3, arbitrary: fc.constantFrom<Kind>("gathered", "silence", "fall") },
    { weight: 1, arbitrary: fc.constantFrom<Kind>("tag", "next day") },
  ),
  value: fc.constantFrom(...VALUES),
  isolate: fc.nat(ISOLATES - 1),
  /** How many calls are chosen before the next begins. */
  pause: fc.nat(5),
});

const choice = fc.record({
  /** Of those that wait; mostly the first. */
  which: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(5) }),
  fate: fc.oneof(
    { weight: 10, arbitrary: fc.constant<Fate>("done") },
    { weight: 1, arbitrary: fc.constantFrom<Fate>("lost", "unanswered") },
  ),
});

const history = fc.record({
  actions: fc.array(action, { minLength: 4, maxLength: 12 }),
  choices: fc.array(choice, { minLength: 40, maxLength: 40 }),
});

interface Choice {
  which: number;
  fate: Fate;
}

/** What goes on by itself until it comes to its next call. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await scheduler.wait(0);
}

interface Waiting {
  call: () => Promise<unknown>;
  end: (work: Promise<unknown>) => void;
}

/** Where calls wait to be chosen, and the isolates they come from. */
class Crossing {
  #waiting: Waiting[] = [];
  readonly isolates: Env[];
  readonly timers: (() => Promise<unknown>)[] = [];

  constructor(device: TestDevice) {
    this.isolates = Array.from({ length: ISOLATES }, () => crossed(device, this));
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  pass(call: () => Promise<unknown>): Promise<unknown> {
    return new Promise((end) => this.#waiting.push({ call, end }));
  }

  /** No caller waits for as long as clocks may differ. */
  timeOut(): void {
    for (const { end } of this.#waiting) end(Promise.reject(new Error("timed out")));
    this.#waiting = [];
  }

  async choose({ which, fate }: Choice): Promise<void> {
    const [chosen] = this.#waiting.splice(which % this.#waiting.length, 1);
    if (!chosen) return;
    const done = fate === "lost" ? Promise.reject(new Error("lost")) : chosen.call();
    await done.catch(() => undefined);
    chosen.end(fate === "unanswered" ? Promise.reject(new Error("no answer")) : done);
    await settled();
  }

  async all(): Promise<void> {
    for (let idle = 0; idle < 2; idle++) {
      while (this.#waiting.length > 0) {
        await this.choose({ which: 0, fate: "done" });
        idle = 0;
      }
      // Who was disturbed pauses for some milliseconds.
      await scheduler.wait(4);
    }
  }
}

let server: Server;
/** What was answered, and what was stored then. */
let answers: [answered: string, stored: string | null | undefined][] = [];

beforeAll(async () => {
  server = await Server.start();
});

const STORED = `SELECT attributes ->> '$."inventory-a"[0]' AS value FROM inventory_devices WHERE device_id = ?`;

/** Bindings whose calls cross there. What the head answers is compared with what is stored, before anything else happens. */
function crossed(device: TestDevice, crossing: Crossing): Env {
  const database = (d1: D1Database) =>
    new Proxy(d1, {
      get: (inner, name) =>
        name === "batch"
          ? (batch: D1PreparedStatement[]) => crossing.pass(() => inner.batch(batch))
          : Reflect.get(inner, name, inner).bind(inner),
    });
  const called = async (head: object, name: string, args: unknown[]) => {
    const result = await Reflect.get(head, name, head)(...args);
    if (name === "report" && result.isSame) {
      const row = await env.DB.prepare(STORED).bind(device.id).first<{ value: string | null }>();
      answers.push([(args[1] as { print: string }).print, row?.value]);
    }
    return result;
  };
  const { TENANT_HEAD, DB, DATA_2 } = server.env;
  const get = (id: DurableObjectId) =>
    new Proxy(TENANT_HEAD.get(id), {
      get:
        (head, name) =>
        (...args: unknown[]) =>
          crossing.pass(() => called(head, String(name), args)),
    });
  return {
    ...server.env,
    DB: database(DB),
    ...(DATA_2 && { DATA_2: database(DATA_2) }),
    TENANT_HEAD: { idFromName: (name: string) => TENANT_HEAD.idFromName(name), get } as typeof TENANT_HEAD,
  };
}

interface Action {
  kind: Kind;
  value: string;
  isolate: number;
}

/** A request that does one thing, or what else happens. */
async function begin(
  device: TestDevice,
  crossing: Crossing,
  { kind, value, isolate }: Action,
): Promise<void> {
  if (kind === "gathered") {
    await Promise.all(crossing.timers.splice(0).map((work) => work()));
    return;
  }
  if (kind === "fall") return evictDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")));
  if (kind === "silence") return server.advance(SILENCE);
  if (kind === "next day") {
    crossing.timeOut();
    server.advance(DAY_AND_MORE);
    return;
  }
  const bindings = crossing.isolates[isolate] ?? server.env;
  const deps = await makeDeps(bindings, {
    requestId: "history",
    origin: "",
    later: () => undefined,
    after: (_ms, work) => crossing.timers.push(work),
    now: () => server.now,
  });
  const [actor, id] = [{ kind: "operator", tenant: device.tenant } as const, asDeviceId(device.id)];
  if (kind === "clear") return clearInventory(deps, actor, id);
  if (kind === "write") return upsertAttributes(deps, actor, id, [{ scope: "inventory", name: "a", value }]);
  if (kind === "forget") return forgetDevices(deps, actor, [id]);
  if (kind === "tag")
    return writeTags(deps, actor, {
      device: id,
      mode: "merge",
      tags: [{ name: "t", value }],
      ifMatch: undefined,
    });
  const claim = {
    kind: "device-claim" as const,
    tenant: device.tenant,
    device: id,
    authSet: device.authSet,
    subscription: WHOLE,
    issuedS: Math.floor(server.now / 1000),
  };
  const { isSame } = await askReport(bindings, claim, value, server.now).catch(() => ({ isSame: false }));
  if (!isSame) await reportAttributes(deps, claim, "replace", [{ name: "a", value }, REST]);
}

it("answers no report that is not what is stored", { timeout: 900_000 }, async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(history, async ({ actions, choices }) => {
      answers = [];
      const device = await aDevice(server);
      const [crossing, left] = [new Crossing(device), [...choices]];
      // A verb may fail in many ways here.
      const start = (at: Crossing, action: Action) => begin(device, at, action).catch(() => undefined);
      const report = (at: Crossing, value: string) =>
        Promise.all([start(at, { kind: "report", value, isolate: 0 }), at.all()]);
      const next = async () => {
        const chosen = crossing.isEmpty ? undefined : left.shift();
        if (chosen) await crossing.choose(chosen);
        return chosen !== undefined;
      };
      await report(crossing, "1");
      for (const { pause, ...does } of actions) {
        const begun = start(crossing, does);
        if (does.kind === "fall") await begun;
        await settled();
        for (let chosen = 0; chosen < pause; chosen++) await next();
      }
      while (await next()) await settled();
      // Whoever waits now is gone. Nothing that was left there may be answered.
      const after = new Crossing(device);
      for (const value of ["1", "2", "1", "1"]) await report(after, value);
      count += answers.length;
      for (const [answered, stored] of answers) expect(answered).toBe(stored);
    }),
    { seed: SEED, numRuns: HISTORIES },
  );
  expect(count).toBeGreaterThan(HISTORIES);
});
