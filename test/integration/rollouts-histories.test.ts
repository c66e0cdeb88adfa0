import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { abortDeployment } from "../../src/deployments/abort.ts";
import { createDeployment } from "../../src/deployments/create.ts";
import { decommissionDeviceStatements } from "../../src/deployments/device-membership.ts";
import { reportStatus } from "../../src/deployments/device-status.ts";
import { nextUpdate } from "../../src/deployments/next-update.ts";
import { deployToThose } from "../../src/deployments/rollout/again.ts";
import { pauseDeployment, resumeDeployment, widenDeployment } from "../../src/deployments/rollout/steer.ts";
import { statistics } from "../../src/deployments/queries.ts";
import type { Status } from "../../src/deployments/status.ts";
import type { Digest } from "../../src/checkin/digest.ts";
import { Waits } from "../../src/checkin/waits.ts";
import type { Wait } from "../../src/platform/contacts.ts";
import type { DigestChange } from "../../src/platform/digest-change.ts";
import type { DeviceClaim, SystemActor } from "../../src/platform/actor.ts";
import { Database, noCost } from "../../src/platform/database.ts";
import type { Deps } from "../../src/platform/deps.ts";
import { Fault } from "../../src/platform/fault.ts";
import { asDeviceId, asTenantId, newId } from "../../src/platform/ids.ts";
import { WHOLE } from "../../src/platform/plans.ts";
import { many } from "../support/form.ts";
import { FALLEN, inObject, ObjectDatabase, type Fall } from "../support/object-database.ts";
import { Server } from "../support/server.ts";

/**
 * Random histories of one rollout to a few devices, held against a model that is as plain as possible: who is given it, what
 * the counters are, and that no phase, pace or budget is exceeded. Every verb is the one behind the route, and any may fall
 * before or after one of its batches. Each history has a tenant of its own.
 */
const HISTORIES = many(2000, 100);
const SEEDS = many(3, 1);
const SEED = 20_261_129;
const DEVICES = 6;
const MINUTE = 60_000;
const YEAR = 366 * 86_400_000;

type Step = { fall?: Fall | undefined } & (
  | { kind: "poll" | "decommission" | "join filter" | "leave filter"; device: number }
  | { kind: "report"; device: number; status: Status }
  | { kind: "tick"; minutes: number }
  | { kind: "pause" | "resume" | "abort" | "widen" | "retry" }
);

const device = fc.nat(DEVICES - 1);
const of = <K extends string>(kind: K) => fc.constant(kind);

const kinds: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: of("poll"), device }) },
  {
    weight: 18,
    arbitrary: fc.record({
      kind: of("report"),
      device,
      status: fc.constantFrom<Status>(
        "downloading",
        "installing",
        "rebooting",
        "success",
        "failure",
        "failure",
      ),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: of("tick"), minutes: fc.integer({ min: 1, max: 6 }) }) },
  // A clock that jumps, either way.
  { weight: 1, arbitrary: fc.record({ kind: of("tick"), minutes: fc.constantFrom(-600, -7, 7, 600) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("pause", "resume", "widen") }) },
  { weight: 3, arbitrary: fc.record({ kind: of("retry") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("join filter", "leave filter"), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("decommission"), device }) },
  { weight: 1, arbitrary: fc.record({ kind: of("abort") }) },
);

const fall = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  when: fc.constantFrom<Fall["when"]>("before", "after"),
});

/** One step in four falls. */
const falls = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fall });

const step: fc.Arbitrary<Step> = fc.tuple(kinds, falls).map(([one, fell]) => ({ ...one, fall: fell }));

const plan = fc.record({
  isDynamic: fc.boolean(),
  /** Devices of all phases but the last. */
  sizes: fc.constantFrom<number[]>([], [1], [2], [1, 1], [1, 2], [2, 1]),
  pace: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  atOnce: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  eachSite: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  bound: fc.integer({ min: 0, max: 4 }),
  retries: fc.nat(1),
  steps: fc.array(step, { minLength: 10, maxLength: 40 }),
});

type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

const FINAL = ["success", "failure", "aborted", "decommissioned"];

const isFinal = (status: Status | undefined): boolean => status !== undefined && FINAL.includes(status);

/** The same to those that failed, which nothing governs. */
class Again {
  readonly #retries: number;
  readonly status = new Map<number, Status | undefined>();
  readonly attempts = new Map<number, number>();
  /** Devices that have to ask again, and from when on. */
  readonly awaits = new Map<number, number>();

  readonly id: string;
  readonly #opensMs: number;

  constructor(
    id: string,
    devices: readonly number[],
    { retries, nowMs }: { retries: number; nowMs: number },
  ) {
    this.id = id;
    this.#retries = retries;
    this.#opensMs = nowMs;
    for (const device of devices) this.status.set(device, undefined);
  }

  get finished(): boolean {
    return [...this.status.values()].every(isFinal);
  }

  isAtIt = (i: number): boolean => this.status.get(i) !== undefined && !isFinal(this.status.get(i));

  poll(i: number, nowMs: number): boolean {
    if (!this.status.has(i) || isFinal(this.status.get(i))) return false;
    if ((this.awaits.get(i) ?? nowMs) > nowMs) return false;
    if (this.status.get(i) === undefined && this.#opensMs > nowMs) return false;
    this.awaits.delete(i);
    if (this.status.get(i) === undefined) this.status.set(i, "pending");
    return true;
  }

  report(i: number, status: Status, nowMs: number): void {
    if (!this.isAtIt(i) || this.awaits.has(i)) return;
    const attempts = this.attempts.get(i) ?? 1;
    const more = status === "failure" && attempts <= this.#retries;
    if (more) this.awaits.set(i, nowMs);
    this.attempts.set(i, attempts + Number(more));
    this.status.set(i, more ? "pending" : status);
  }

  decommission(i: number): void {
    if (this.status.has(i) && !isFinal(this.status.get(i))) this.status.set(i, "decommissioned");
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const status of this.status.values())
      counts[status ?? "pending"] = (counts[status ?? "pending"] ?? 0) + 1;
    return counts;
  }
}

/** What ought to happen. */
class Model {
  readonly #plan: Plan;
  readonly opens: number[];
  readonly status: (Status | undefined)[] = [];
  readonly attempts: number[] = [];
  /** Devices that have to ask again, and from when on. */
  readonly awaits = new Map<number, number>();
  readonly members = new Set<number>([0, 1, 2, 3]);
  joined = 0;
  paused = false;
  finished = false;
  aborted = false;
  /** When all of it opens; stays as it is once somebody has joined. */
  #openMs: number;
  #minute = -1;
  #inMinute = 0;

  constructor(of: Plan, nowMs: number) {
    this.#plan = of;
    this.#openMs = nowMs;
    this.opens = [nowMs, ...of.sizes.map((_, i) => nowMs + (i + 1) * 5 * MINUTE)];
  }

  isAtIt = (i: number) => this.status[i] !== undefined && !FINAL.includes(this.status[i]!);

  #mayJoin(i: number, nowMs: number): boolean {
    const { isDynamic, sizes, pace, atOnce, eachSite, bound } = this.#plan;
    if (this.paused || this.finished || this.status[i] !== undefined || this.#openMs > nowMs) return false;
    if (isDynamic && (!this.members.has(i) || (bound > 0 && this.joined >= bound))) return false;
    let to = 0;
    const phase = sizes.findIndex((size) => this.joined < (to += size));
    if ((this.opens[phase < 0 ? sizes.length : phase] ?? 0) > nowMs) return false;
    if (pace !== undefined && this.#minute === Math.floor(nowMs / MINUTE) && this.#inMinute >= pace)
      return false;
    const busy = Array.from({ length: DEVICES }, (_, d) => d).filter(this.isAtIt);
    if (atOnce !== undefined && busy.length >= atOnce) return false;
    return eachSite === undefined || busy.filter((d) => d % 2 === i % 2).length < eachSite;
  }

  /** Whether the device is given the deployment. */
  poll(i: number, nowMs: number): boolean {
    if (this.isAtIt(i)) {
      if (this.awaits.has(i) && (this.paused || this.awaits.get(i)! > nowMs)) return false;
      this.awaits.delete(i);
      return !this.aborted;
    }
    if (!this.#mayJoin(i, nowMs)) return false;
    const minute = Math.floor(nowMs / MINUTE);
    this.#inMinute = this.#minute === minute ? this.#inMinute + 1 : 1;
    this.#minute = minute;
    this.status[i] = "pending";
    this.attempts[i] = 1;
    this.joined += 1;
    return true;
  }

  report(i: number, status: Status, nowMs: number): void {
    if (!this.isAtIt(i) || this.awaits.has(i)) return;
    const more = status === "failure" && this.attempts[i]! <= this.#plan.retries;
    if (more) {
      this.attempts[i]! += 1;
      this.awaits.set(i, nowMs);
    }
    this.status[i] = more ? "pending" : status;
    this.#end();
  }

  decommission(i: number): void {
    if (this.isAtIt(i) || (!this.#plan.isDynamic && this.status[i] === undefined && !this.finished))
      this.status[i] = "decommissioned";
    this.#end();
  }

  #end(): void {
    const done = this.status.filter((status) => status !== undefined && FINAL.includes(status)).length;
    const { isDynamic, bound } = this.#plan;
    if (isDynamic ? bound > 0 && done >= bound : done >= DEVICES) this.finished = true;
  }

  abort(): void {
    if (this.finished) return;
    this.finished = this.aborted = true;
    for (let i = 0; i < DEVICES; i++) {
      if (this.isAtIt(i) || (this.status[i] === undefined && !this.#plan.isDynamic))
        this.status[i] = "aborted";
    }
  }

  widen(nowMs: number): void {
    const next = this.opens.findIndex((ms) => ms > nowMs);
    if (next < 0 || this.finished) return;
    this.opens[next] = nowMs;
    if (this.joined === 0) this.#openMs = Math.min(this.#openMs, this.opens[0]!);
  }

  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < DEVICES; i++) {
      const word = this.status[i] ?? (this.#plan.isDynamic ? undefined : "pending");
      if (word) counts[word] = (counts[word] ?? 0) + 1;
    }
    return counts;
  }
}

let server: Server;
let deps: Deps;
let database: ObjectDatabase;
/** As the head of the tenant keeps them; each history has its own. */
let waits: Waits;
let stamp: string;
/**
 * Every other guess of the head is wrong: that lists of devices alone decide. A check that falls has the batches of a right
 * guess.
 */
let guesses = 0;
/** Checks that such a head answers by itself. */
let spared = 0;
/** What devices that failed were given once more. */
let givenAgain = 0;

const DIGEST: Digest = { generation: 1, active: true, revokedS: 0, parts: new Map() };

function noWaits(): void {
  const kept = new Map<string, unknown>();
  waits = new Waits({
    get: async (key: string) => kept.get(key),
    put: async (entries: Record<string, unknown> | string, value: unknown) => {
      const all = typeof entries === "string" ? { [entries]: value } : entries;
      for (const [key, one] of Object.entries(all)) kept.set(key, one);
    },
    delete: async (keys: string | string[]) => [keys].flat().filter((key) => kept.delete(key)).length,
    list: async ({ prefix = "" }: DurableObjectListOptions) =>
      new Map([...kept].filter(([key]) => key.startsWith(prefix))),
  } as unknown as DurableObjectStorage);
}

/** Works in an object, without heads of tenants, which have histories of their own. */
async function working(work: () => Promise<void>): Promise<void> {
  server = await Server.start();
  noWaits();
  await inObject(async (own) => {
    database = own;
    const announce = (changes: readonly DigestChange[]) => waits.apply(changes.map(({ what }) => what));
    const db = new Database(own.d1, noCost(), { announce });
    const contacts = {
      note: () => {},
      last: async () => ({}),
      rhythms: async () => ({}),
      seenByHour: async () => new Map<number, number>(),
      ages: async () => [],
      hasPlainWork: () => guesses++ % 2 === 0 && database.fall === undefined,
      noteContent: () => undefined,
      waits: ({ device: id }: DeviceClaim, wait: Wait) => waits.note(DIGEST, id, wait, stamp, server.now),
      silences: async () => ({ silent: [], back: [] }),
      settleSilences: async () => {},
    };
    deps = { ...(await server.deps()), db: () => db, directory: db, contacts };
    await work();
  });
}

const FILTER = JSON.stringify([{ scope: "inventory", attribute: "member", type: "$eq", value: "yes" }]);
const attributes = (site: number, isMember: boolean) =>
  JSON.stringify({ "inventory-site": [`site ${site}`], "inventory-member": [isMember ? "yes" : "no"] });

/** A tenant with so many accepted devices, of which some are in the filter, and a release. */
async function aTenant(count: number, isMember: (i: number) => boolean) {
  const tenant = asTenantId(newId());
  const actor: SystemActor = { kind: "system", tenant };
  const claims = Array.from({ length: count }, (): DeviceClaim => ({
    kind: "device-claim",
    tenant,
    device: asDeviceId(newId()),
    authSet: newId(),
    subscription: WHOLE,
    issuedS: Math.floor(server.now / 1000),
  }));
  database.run(
    "INSERT INTO tenants (tenant_id, name, tenant_token, created_ms, updated_ms) VALUES (?, 't', ?, 1, 1)",
    tenant,
    tenant,
  );
  database.run("INSERT INTO inventory_filters VALUES (?, 'f', 'f', ?, 1)", tenant, FILTER);
  claims.forEach(({ device: id, authSet }, i) => {
    database.run(
      `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
       VALUES (?, ?, ?, '{}', 'accepted', 1, 1, 1)`,
      tenant,
      id,
      id,
    );
    database.run(
      `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
       VALUES (?, ?, ?, ?, 'k', 'accepted', 1)`,
      tenant,
      authSet,
      id,
      authSet,
    );
    // Of its contact the inventory has been told.
    database.run(
      `INSERT INTO inventory_devices (tenant_id, device_id, status, created_ms, updated_ms, check_in_ms, attributes)
       VALUES (?, ?, 'accepted', 1, 1, ?, ?)`,
      tenant,
      id,
      server.now + YEAR,
      attributes(i % 2, isMember(i)),
    );
  });
  database.run(
    `INSERT INTO artifacts (tenant_id, artifact_id, name, device_types, update_types, image, layout, size, modified_ms)
     VALUES (?, 'a', 'release-2', '["pi4"]', '[]', ?, '[]', 1, 1)`,
    tenant,
    JSON.stringify({
      id: "a",
      name: "release-2",
      device_types_compatible: ["pi4"],
      artifact_depends: {},
      size: 1,
    }),
  );
  return { tenant, actor, claims };
}

async function live(of: Plan): Promise<void> {
  noWaits();
  const model = new Model(of, server.now);
  const { tenant, actor, claims } = await aTenant(DEVICES, (i) => model.members.has(i));
  const start = (i: number) => new Date(server.now + i * 5 * MINUTE).toISOString();
  const phases = [...of.sizes.map((batch_size_devices) => ({ batch_size_devices })), {}].map((phase, i) =>
    i === 0 ? phase : { ...phase, start_ts: start(i) },
  );
  const { id } = await createDeployment(deps, actor, {
    definition: {
      name: "d",
      artifact_name: "release-2",
      force_installation: false,
      retries: of.retries,
      phases,
      ...(!of.isDynamic && { devices: claims.map((claim) => String(claim.device)) }),
      rollout: {
        order: "arrival",
        per_minute: of.pace,
        at_once: of.atOnce,
        ...(of.eachSite && {
          budget: { attribute: { scope: "inventory", name: "site" }, at_once: of.eachSite },
        }),
      },
    },
    ...(of.isDynamic && { filter: { id: "f", maxDevices: of.bound } }),
  });
  const retried: Again[] = [];
  /** A deployment made for those that failed, of which there is one at a time. */
  const again = () => retried.find(({ finished }) => !finished);
  const counted = async (deployment: string) =>
    Object.fromEntries(
      Object.entries(await statistics(deps, actor, deployment)).filter(([, count]) => count !== 0),
    );
  for (const one of of.steps) {
    await take(one);
    expect(await counted(id)).toEqual(model.counts());
    for (const again of retried) expect(await counted(again.id)).toEqual(again.counts());
  }
  const [stored, ...others] = database.run(
    "SELECT stage, joined FROM deployment_counters WHERE tenant_id = ? ORDER BY seq",
    tenant,
  );
  expect(others.map(({ stage }) => stage === 2)).toEqual(retried.map(({ finished }) => finished));
  expect(stored).toEqual({ stage: expect.any(Number), joined: model.joined });
  expect(stored!.stage === 2).toBe(model.finished);

  async function take(one: Step): Promise<void> {
    if (one.kind === "tick") server.advance(one.minutes * MINUTE);
    else if (one.kind === "poll") await poll(one.device, one.fall);
    else if (one.kind === "report") {
      const to = again()?.isAtIt(one.device) ? again()! : undefined;
      const work = () => reportStatus(deps, claims[one.device]!, to?.id ?? id, { status: one.status });
      if (tookEffect(await falling(one.fall, work), 1))
        (to ?? model).report(one.device, one.status, server.now);
    } else if (one.kind === "decommission") {
      const statements = decommissionDeviceStatements(tenant, claims[one.device]!.device, server.now);
      const work = () => deps.db(tenant).batch(statements);
      if (!tookEffect(await falling(one.fall, work), 1)) return;
      model.decommission(one.device);
      again()?.decommission(one.device);
    } else if (one.kind === "retry") {
      await retry(one.fall);
    } else if (one.kind === "join filter" || one.kind === "leave filter") {
      const isMember = one.kind === "join filter";
      if (isMember) model.members.add(one.device);
      else model.members.delete(one.device);
      database.run(
        "UPDATE inventory_devices SET attributes = ? WHERE tenant_id = ? AND device_id = ?",
        attributes(one.device % 2, isMember),
        tenant,
        claims[one.device]!.device,
      );
      await waits.apply([{ kind: "moved", devices: [claims[one.device]!.device] }]);
    } else await steer(one.kind, one.fall);
  }

  /** A device that is found when it asks joins in the second batch, any other in the first. */
  async function poll(i: number, fall: Fall | undefined): Promise<void> {
    const provides = { artifact_name: "release-1" };
    const state = { deviceType: "pi4", artifactName: "release-1", provides, complete: true };
    let next: string | undefined;
    const isSpared = await waits.isWaiting(DIGEST, claims[i]!.device, server.now);
    spared += Number(isSpared);
    stamp = waits.stamp(DIGEST);
    const other = again();
    const isOther = other?.status.has(i) === true && !isFinal(other.status.get(i));
    const joinsIn = of.isDynamic && !model.isAtIt(i) && !isOther ? 2 : 1;
    const fell = await falling(fall, async () => {
      next = (await nextUpdate(deps, claims[i]!, state))?.id;
    });
    if (fell && !tookEffect(fell, joinsIn)) return;
    const expected = isOther ? other.poll(i, server.now) : model.poll(i, server.now);
    if (isSpared) expect(expected).toBe(false);
    givenAgain += Number(isOther && expected);
    if (!fell) expect(next).toBe(expected ? (isOther ? other.id : id) : undefined);
  }

  /** Reads twice and makes it then. */
  async function retry(fall: Fall | undefined): Promise<void> {
    const failed = model.status.flatMap((status, i) => (status === "failure" ? [i] : []));
    const may = failed.length > 0 && again() === undefined;
    const work = () => deployToThose(deps, actor, id, { kind: "retry" });
    const fell = await falling(fall, work);
    if (!may || !tookEffect(fell, 3)) return;
    const [newest] = database.run(
      "SELECT deployment_id FROM deployments WHERE tenant_id = ? ORDER BY seq DESC LIMIT 1",
      tenant,
    );
    retried.push(
      new Again(String(newest!["deployment_id"]), failed, { retries: of.retries, nowMs: server.now }),
    );
  }

  /** Each of them reads first and changes then. */
  async function steer(kind: "pause" | "resume" | "abort" | "widen", fall: Fall | undefined): Promise<void> {
    const verbs = { resume: resumeDeployment, abort: abortDeployment, widen: widenDeployment };
    const work = () =>
      kind === "pause" ? pauseDeployment(deps, actor, id, "") : verbs[kind](deps, actor, id);
    if (!tookEffect(await falling(fall, work), 2)) return;
    if (kind === "pause" || kind === "resume")
      model.paused = model.finished ? model.paused : kind === "pause";
    else if (kind === "abort") model.abort();
    else model.widen(server.now);
  }
}

/** Whether work that fell there, if it fell, has done what it does in its batch of this number. */
const tookEffect = (fell: Fall | undefined, inBatch: number): boolean =>
  fell === undefined || fell.batch > inBatch || (fell.batch === inBatch && fell.when === "after");

/** Does the work, and tells where it fell; work with fewer batches does not. */
async function falling(fall: Fall | undefined, work: () => Promise<unknown>): Promise<Fall | undefined> {
  database.fall = fall;
  try {
    await answered(work());
    return undefined;
  } catch (cause) {
    if (!(cause instanceof Error) || cause.message !== FALLEN) throw cause;
    // What a Worker that falls tells nobody, the head finds out by itself.
    await waits.apply([{ kind: "standing" }]);
    return fall;
  } finally {
    database.fall = undefined;
  }
}

/** A refusal is an answer like another; anything else is a fault of the server. */
async function answered(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.status >= 500) throw cause;
  }
}

describe("two hundred devices that ask at the same time", () => {
  it("exceed no phase, no pace and no budget", () =>
    working(async () => {
      const { tenant, actor, claims } = await aTenant(200, () => true);
      const definition = {
        name: "d",
        artifact_name: "release-2",
        force_installation: false,
        retries: 0,
        all_devices: true,
        phases: [{ batch_size: 40 }, { start_ts: new Date(server.now + MINUTE).toISOString() }],
      };
      const given = async (): Promise<number> => {
        const state = { deviceType: "pi4", artifactName: "release-1", provides: {}, complete: true };
        const all = await Promise.all(claims.map((claim) => nextUpdate(deps, claim, state)));
        return all.filter((next) => next !== undefined).length;
      };
      const budget = { attribute: { scope: "inventory" as const, name: "site" }, at_once: 7 };
      const rules = [{ per_minute: 30 }, { at_once: 25 }, { budget }, {}].map((rule) => ({
        order: "hash" as const,
        ...rule,
      }));
      const found: number[] = [];
      for (const rollout of rules) {
        const { id } = await createDeployment(deps, actor, { definition: { ...definition, rollout } });
        found.push(await given());
        await abortDeployment(deps, actor, id);
      }
      expect(found).toEqual([30, 25, 14, 80]);
      const counted = database.run(
        "SELECT joined, joined - aborted AS others FROM deployment_counters WHERE tenant_id = ? ORDER BY seq",
        tenant,
      );
      expect(counted).toEqual(found.map((joined) => ({ joined, others: 0 })));
    }));
});

describe("random rollouts", () => {
  it("do what the model says", async () => {
    for (let i = 0; i < SEEDS; i++)
      await working(() =>
        fc.assert(fc.asyncProperty(plan, live), {
          seed: SEED + i,
          numRuns: HISTORIES,
          endOnFailure: true,
        }),
      );
    expect(spared).toBeGreaterThan(0);
    expect(givenAgain).toBeGreaterThan(0);
  }, 900_000);
});
