import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import type { Env } from "../../src/platform/env.ts";
import { newId } from "../../src/platform/ids.ts";
import type { Keys } from "../../src/platform/keys.ts";
import { signToken } from "../../src/platform/tokens.ts";
import { many } from "../support/form.ts";
import { DEVICE, idOf, MANAGEMENT } from "../support/deployments.ts";
import { Judge, type Deed, type Done } from "../support/history.ts";
import { type Answer, env, served, Server } from "../support/server.ts";

/**
 * Concurrent histories of users and devices, from a seed. Three of them act at the same time, each through an isolate of
 * its own; afterwards a judge looks for an answer that an earlier answer forbids.
 */
const SEED = 20_261_121;
const STRICT_HISTORIES = many(1000, 80);
const RELAXED_HISTORIES = many(100, 40);
const PART = 40;
/** So many have one that a judge of strict mode refuses. */
const ENOUGH = 50;
const AT_ONCE = 8;
const STALE_MS = 5000;

const DEVICES = 2;
const LANES = 3;

type Step =
  | { kind: "poll" | "report" | "accept" | "reject" | "decommission"; device: number }
  | { kind: "create"; devices: readonly number[] }
  | { kind: "abort"; which: number }
  | { kind: "wait"; ms: number };

const device = fc.nat(DEVICES - 1);
const of = <K extends "poll" | "report" | "accept" | "reject" | "decommission">(kind: K) =>
  fc.record({ kind: fc.constant(kind), device });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: of("poll") },
  { weight: 4, arbitrary: of("report") },
  { weight: 3, arbitrary: of("reject") },
  { weight: 3, arbitrary: of("accept") },
  { weight: 1, arbitrary: of("decommission") },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      devices: fc.uniqueArray(device, { minLength: 1, maxLength: DEVICES }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1000, 4999, 5000, 20_000),
    }),
  },
);

const lanes = fc.array(fc.array(step, { minLength: 2, maxLength: 4 }), {
  minLength: LANES,
  maxLength: LANES,
});

interface Member {
  id: string;
  authSet: string;
  token: string;
  /** The deployment it was given last. */
  given: string | undefined;
}

/** A tenant in which one history after the other is played, on one clock. */
interface World {
  tenant: string;
  server: Server;
  /** One for each who acts; what it holds of the tenant lasts from history to history. */
  isolates: readonly Env[];
  userToken: string;
}

let keys: Keys;
let startMs: number;

beforeAll(async () => {
  const server = await Server.start();
  ({ keys } = await server.deps());
  startMs = server.now;
});

const tokenOf = (tenant: string, { id, authSet }: Pick<Member, "id" | "authSet">, nowMs: number) => {
  const nowS = Math.floor(nowMs / 1000);
  const claims = { "mender.device": true, "mender.tenant": tenant, "mender.plan": "enterprise" };
  return signToken(keys, { jti: authSet, sub: id, iss: "Mender", iat: nowS, exp: nowS + 604_800, ...claims });
};

async function aUserOf(tenant: string): Promise<{ id: string; tokenId: string; token: string }> {
  const [id, tokenId, nowS] = [newId(), newId(), Math.floor(startMs / 1000)];
  const claims = { "mender.user": true, "mender.tenant": tenant, scp: "mender.*" };
  const life = { iat: nowS, exp: nowS + 604_800 };
  const token = await signToken(keys, { jti: tokenId, sub: id, iss: "mender.useradm", ...life, ...claims });
  return { id, tokenId, token };
}

const image = (id: string) =>
  JSON.stringify({ id, name: "release-2", device_types_compatible: ["pi4"], artifact_depends: {}, size: 1 });

const prepared =
  (tenant: string) =>
  (sql: string, ...values: (string | number)[]) =>
    env.DB.prepare(sql).bind(tenant, ...values);

/** A tenant with a user and a release, whose checks are answered in this mode. */
async function aWorld(mode: "strict" | "relaxed"): Promise<World> {
  const [tenant, server] = [newId(), new Server()];
  const user = await aUserOf(tenant);
  const run = prepared(tenant);
  await env.DB.batch([
    run(
      "INSERT INTO tenants (tenant_id, name, tenant_token, created_ms, updated_ms) VALUES (?1, 't', ?1, 1, 1)",
    ),
    run(
      `INSERT INTO users (tenant_id, user_id, email, password_hash, roles, created_ms, updated_ms)
       VALUES (?1, ?2, ?2 || '@example.com', '', '["RBAC_ROLE_PERMIT_ALL"]', 1, 1)`,
      user.id,
    ),
    run(
      "INSERT INTO user_tokens (tenant_id, user_id, token_id, created_ms) VALUES (?, ?, ?, 1)",
      user.id,
      user.tokenId,
    ),
    run(
      `INSERT INTO artifacts (tenant_id, artifact_id, name, device_types, update_types, image, layout, size, modified_ms)
       VALUES (?, ?, 'release-2', '["pi4"]', '[]', ?, '[]', 1, 1)`,
      tenant,
      image(tenant),
    ),
  ]);
  await fixMode(tenant, mode);
  const isolates = Array.from({ length: LANES }, (): Env => ({ ...server.env }));
  return { tenant, server, isolates, userToken: user.token };
}

/** Accepted devices with tokens from before any decision. */
async function someDevices({ tenant, server }: World): Promise<Member[]> {
  const devices = await Promise.all(
    Array.from({ length: DEVICES }, async () => {
      const member = { id: newId(), authSet: newId() };
      return { ...member, token: await tokenOf(tenant, member, server.now - 10_000), given: undefined };
    }),
  );
  const run = prepared(tenant);
  await env.DB.batch(
    devices.flatMap(({ id, authSet }) => [
      run(
        `INSERT INTO devices (tenant_id, device_id, identity_hash, identity, status, revision, created_ms, updated_ms)
         VALUES (?1, ?2, ?2, '{}', 'accepted', 1, 1, 1)`,
        id,
      ),
      run(
        `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
         VALUES (?, ?, ?, 'k', 'k', 'accepted', 1)`,
        authSet,
        id,
      ),
    ]),
  );
  return devices;
}

/** Fixes the way a tenant's checks are answered, as its head has it from its configuration. */
const fixMode = (tenant: string, mode: "strict" | "relaxed") =>
  runInDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName(tenant)), (head: TenantHead) => {
    Object.assign(head, { env: { ...served, CHECK_MODE: mode } });
  });

/** Three who act at the same time on one world, and the record of what they did. */
class Play {
  readonly done: Done[] = [];
  readonly #world: World;
  readonly #devices: readonly Member[];
  readonly #server: Server;
  readonly #deployments: string[] = [];
  #order = 0;

  constructor(world: World, devices: readonly Member[]) {
    this.#world = world;
    this.#devices = devices;
    this.#server = world.server;
  }

  async act(steps: readonly Step[], isolate: Env): Promise<void> {
    for (const one of steps) await this.#take(one, isolate);
  }

  /** Carries out a deed; it is recorded if its answer makes it one. */
  async #record(act: () => Promise<Answer>, deedOf: (answer: Answer) => Deed | undefined): Promise<void> {
    const [began, beganMs] = [this.#order++, this.#server.now];
    const answer = await act();
    if (answer.status >= 500) throw new Error(`${answer.status} ${answer.text}`);
    const deed = deedOf(answer);
    if (deed) this.done.push({ ...deed, began, ended: this.#order++, beganMs, endedMs: this.#server.now });
  }

  #manage(isolate: Env, method: string, path: string, json?: unknown): Promise<Answer> {
    return this.#server.call(method, path, { token: this.#world.userToken, json }, isolate);
  }

  #take(one: Step, isolate: Env): Promise<void> {
    switch (one.kind) {
      case "wait":
        this.#server.advance(one.ms);
        return Promise.resolve();
      case "create":
        return this.#create(one.devices, isolate);
      case "abort":
        return this.#abort(this.#deployments[one.which % Math.max(1, this.#deployments.length)], isolate);
      case "poll":
        return this.#poll(one.device, isolate);
      case "report":
        return this.#report(one.device, isolate);
      case "accept":
      case "reject":
        return this.#decide(one.kind, one.device, isolate);
      case "decommission":
        return this.#record(
          () =>
            this.#manage(
              isolate,
              "DELETE",
              `/api/management/v2/devauth/devices/${this.#member(one.device).id}`,
            ),
          ({ status }) => (status === 204 ? { kind: "decommission", device: one.device } : undefined),
        );
    }
  }

  #member(index: number): Member {
    return this.#devices[index]!;
  }

  #create(devices: readonly number[], isolate: Env): Promise<void> {
    const definition = {
      name: newId(),
      artifact_name: "release-2",
      devices: devices.map((index) => this.#member(index).id),
    };
    return this.#record(
      () => this.#manage(isolate, "POST", MANAGEMENT, definition),
      (answer) => {
        if (answer.status === 400) return undefined; // all of its devices are gone
        const deployment = idOf(answer);
        this.#deployments.push(deployment);
        return { kind: "create", deployment, devices };
      },
    );
  }

  async #abort(deployment: string | undefined, isolate: Env): Promise<void> {
    if (deployment === undefined) return;
    await this.#record(
      () => this.#manage(isolate, "PUT", `${MANAGEMENT}/${deployment}/status`, { status: "aborted" }),
      ({ status }) => (status === 204 ? { kind: "abort", deployment } : undefined),
    );
  }

  /** An accepted device comes back with a new token, which is younger than what its rejection made void. */
  async #decide(kind: "accept" | "reject", index: number, isolate: Env): Promise<void> {
    const member = this.#member(index);
    const path = `/api/management/v2/devauth/devices/${member.id}/auth/${member.authSet}/status`;
    await this.#record(
      () => this.#manage(isolate, "PUT", path, { status: `${kind}ed` }),
      ({ status }) => (status === 204 ? { kind, device: index } : undefined),
    );
    if (kind !== "accept") return;
    this.#server.advance(1000);
    member.token = await tokenOf(this.#world.tenant, member, this.#server.now);
  }

  #poll(index: number, isolate: Env): Promise<void> {
    const member = this.#member(index);
    return this.#record(
      () =>
        this.#server.call(
          "GET",
          `${DEVICE}/next?artifact_name=release-1&device_type=pi4`,
          { token: member.token },
          isolate,
        ),
      (answer) => {
        const given = answer.status === 200 ? answer.json<{ id: string }>().id : undefined;
        member.given = given ?? member.given;
        return { kind: "poll", device: index, status: answer.status, given };
      },
    );
  }

  async #report(index: number, isolate: Env): Promise<void> {
    const { given: deployment, token } = this.#member(index);
    if (deployment === undefined) return;
    await this.#record(
      () =>
        this.#server.call(
          "PUT",
          `${DEVICE}/${deployment}/status`,
          { token, json: { status: "success" } },
          isolate,
        ),
      ({ status }) => ({ kind: "report", device: index, deployment, status }),
    );
  }
}

async function play(world: World, steps: readonly (readonly Step[])[]): Promise<Done[]> {
  const one = new Play(world, await someDevices(world));
  await Promise.all(world.isolates.map((isolate, lane) => one.act(steps[lane] ?? [], isolate)));
  return one.done;
}

/** Plays histories, several at a time in worlds of their own, and judges each. */
async function violationsIn(
  { seed, count, mode }: { seed: number; count: number; mode: "strict" | "relaxed" },
  boundMs: number,
): Promise<string[]> {
  const histories = fc.sample(lanes, { seed, numRuns: count });
  const found: string[] = [];
  let next = 0;
  const stage = async () => {
    const world = await aWorld(mode);
    for (let number = next++; number < count; number = next++) {
      const done = await play(world, histories[number]!);
      const wrong = new Judge(done, boundMs).violations();
      found.push(...wrong.map((one) => `seed ${seed}, history ${number}: ${one}\n${JSON.stringify(done)}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, stage));
  return found;
}

const parts = (histories: number) => Array.from({ length: histories / PART }, (_, part) => SEED + part);

describe("concurrent histories", () => {
  it.each(parts(STRICT_HISTORIES))(
    "in strict mode: what was answered counts from the next request on (seed %i)",
    async (seed) => {
      expect(await violationsIn({ seed, count: PART, mode: "strict" }, 0)).toEqual([]);
    },
    120_000,
  );

  it.each(parts(RELAXED_HISTORIES))(
    "in relaxed mode: what was answered counts five seconds later (seed %i)",
    async (seed) => {
      expect(await violationsIn({ seed, count: PART, mode: "relaxed" }, STALE_MS)).toEqual([]);
    },
    120_000,
  );

  it("tell relaxed from strict: judged without the five seconds, a relaxed server is found out", async () => {
    const found = await violationsIn({ seed: SEED, count: ENOUGH, mode: "relaxed" }, 0);
    expect(found.length).toBeGreaterThan(0);
  }, 120_000);
});
