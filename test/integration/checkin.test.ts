import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import { untilKnown } from "../../src/checkin/heads.ts";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, inInventory, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { asDatabases, env, OPERATOR_TOKEN, served, Server } from "../support/server.ts";
import { withoutHead } from "../support/without-head.ts";

const DEVICES = "/api/management/v2/devauth/devices";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
  await anArtifact(server);
});

const head = (tenant = "default") => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName(tenant));

const asking = { device_type: "pi4", artifact_name: "release-1" };

const check = (of: TestDevice, bindings?: Env) =>
  server.call(
    "GET",
    `${DEVICE}/next?${new URLSearchParams(asking).toString()}`,
    { token: of.token },
    bindings ?? server.env,
  );

const manage = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, json });

const operate = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: OPERATOR_TOKEN, json });

/** Other bindings for the head, as another configuration or another state of the platform would give it. */
const configureHead = (changed: Partial<Env>) =>
  runInDurableObject(head(), (instance: TenantHead) => {
    Object.assign(instance, { env: { ...served, ...changed } });
  });

const others = (count: number) => Array.from({ length: count }, () => ({ id: crypto.randomUUID() }));

const reject = (of: TestDevice) =>
  manage("PUT", `${DEVICES}/${of.id}/auth/${of.authSet}/status`, { status: "rejected" });

const abort = (id: string) => manage("PUT", `${MANAGEMENT}/${id}/status`, { status: "aborted" });

/** Ways to end the token of a device, as their authors know them. */
const ENDINGS: [string, () => Promise<unknown>][] = [
  ["rejection", () => reject(device)],
  ["dismissal of its set", () => manage("DELETE", `${DEVICES}/${device.id}/auth/${device.authSet}`)],
  ["decommissioning", () => manage("DELETE", `${DEVICES}/${device.id}`)],
  ["revocation of its token", () => manage("DELETE", `/api/management/v2/devauth/tokens/${device.authSet}`)],
  [
    "revocation of all of its tokens",
    () => operate("DELETE", `/api/internal/v1/devauth/tokens?tenant_id=default&device_id=${device.id}`),
  ],
  [
    "revocation of all tokens of the tenant",
    () => operate("DELETE", "/api/internal/v1/devauth/tokens?tenant_id=default"),
  ],
  ["suspension", () => operate("PUT", "/api/operator/v1/tenants/default/status", { status: "suspended" })],
  ["removal of the tenant's devices", () => operate("DELETE", "/api/internal/v1/devauth/tenants/default")],
];

describe("in strict mode", () => {
  it("an idle check makes one call and no query, whatever was asked before", async () => {
    for (let i = 0; i < 3; i++) {
      const { status, text, cost } = await check(device);
      expect([status, text, cost]).toEqual([
        204,
        "",
        { trips: 0, statements: 0, read: 0, written: 0, objects: 1 },
      ]);
    }
  });

  it("asks the database once for the tenant, not once for each check", async () => {
    for (let i = 0; i < 20; i++) await check(device);
    const { database } = await head().live(device.tenant, server.now);
    expect(database.roundTrips).toBeLessThanOrEqual(4);
  });

  it.each(ENDINGS)("%s counts from the next check on", async (_how, end) => {
    expect((await check(device)).status).toBe(204);
    await end();
    const { status, text } = await check(device);
    expect([status, text]).toEqual([401, ""]);
  });

  it("lets a device in again with a new token", async () => {
    await check(device);
    await reject(device);
    await manage("PUT", `${DEVICES}/${device.id}/auth/${device.authSet}/status`, { status: "accepted" });
    server.advance(2000);
    expect((await check(device)).status).toBe(401);
    const again = await aDevice(server);
    expect((await check(again)).status).toBe(204);
  });

  it.each([
    ["one device", 0],
    ["hundreds of devices", 300],
    ["thousands of devices", 3000],
  ])("a deployment to %s counts from the next check on, and its abort", async (_to, more) => {
    expect((await check(device)).status).toBe(204);
    const id = await deploy(server, user, [device, ...others(more)]);
    const given = await check(device);
    expect([given.status, given.json().id]).toEqual([200, id]);
    await abort(id);
    expect((await check(device)).status).toBe(204);
    expect((await check(device)).cost).toMatchObject({ trips: 0, objects: 1 });
  });

  it("a deployment to all reaches those whom a job adds", async () => {
    const fleet = await Promise.all(Array.from({ length: 3 }, () => aDevice(server)));
    await inInventory(server, [device, ...fleet]);
    await check(device);
    await manage("POST", MANAGEMENT, { name: "all", artifact_name: "release-2", all_devices: true });
    await server.deliverEvents();
    const answers = await Promise.all([device, ...fleet].map((of) => check(of)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it("a scheduled deployment costs nothing before it opens and is given when it has", async () => {
    const phases = [{ batch_size: 100, start_ts: new Date(server.now + 3_600_000).toISOString() }];
    await deploy(server, user, [device, ...others(100)], { phases });
    expect((await check(device)).cost).toMatchObject({ trips: 0 });
    server.advance(3_600_000);
    expect((await check(device)).status).toBe(200);
  });

  it("devices that have finished ask the database no more when half are done", async () => {
    const fleet = await Promise.all(Array.from({ length: 70 }, () => aDevice(server)));
    const id = await deploy(server, user, fleet);
    for (const one of fleet.slice(0, 40)) {
      await poll(server, one);
      await report(server, one, id, "success");
    }
    server.advance(60_000);
    await check(device);
    const costs = await Promise.all(fleet.slice(0, 40).map((one) => check(one)));
    expect(costs.filter(({ cost }) => cost.trips === 0).length).toBeGreaterThan(35);
    expect((await check(fleet[69]!)).status).toBe(200);
  });

  it("a device whose history is forgotten gets its open deployment again", async () => {
    const id = await deploy(server, user, [device, ...others(100)]);
    await poll(server, device);
    await report(server, device, id, "failure");
    expect((await check(device)).status).toBe(204);
    await manage("DELETE", `/api/management/v1/deployments/deployments/devices/${device.id}/history`);
    expect((await check(device)).status).toBe(200);
  });

  it("sees a change whose author fell before he could tell, within a minute", async () => {
    await check(device);
    await env.DB.prepare("UPDATE auth_sets SET status = 'rejected' WHERE device_id = ?")
      .bind(device.id)
      .run();
    server.advance(60_000);
    expect((await check(device)).status).toBe(401);
  });

  it("keeps tenants apart", async () => {
    const elsewhere = await aDevice(server, { tenant: await aTenant(server) });
    await check(elsewhere);
    await deploy(server, user, [device]);
    await reject(device);
    expect((await check(elsewhere)).cost).toMatchObject({ trips: 0, objects: 1 });
  });
});

describe("in relaxed mode", () => {
  const relaxed = async () => {
    const bindings = { ...server.env };
    await configureHead({ CHECK_MODE: "relaxed" });
    await check(device, bindings); // learns the mode
    await check(device, bindings); // fetches the digest
    return bindings;
  };

  it("an idle check makes no call and no query", async () => {
    const bindings = await relaxed();
    const { status, cost } = await check(device, bindings);
    expect([status, cost]).toEqual([204, { trips: 0, statements: 0, read: 0, written: 0, objects: 0 }]);
  });

  it("fetches the digest once for all who wait for it", async () => {
    const bindings = await relaxed();
    server.advance(5000);
    await server.call("GET", "/healthz"); // by now the head was told what was counted
    server.advance(5000);
    const answers = await Promise.all(Array.from({ length: 20 }, () => check(device, bindings)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
    expect(answers.reduce((sum, { cost }) => sum + cost.objects, 0)).toBe(1);
  });

  it.each(ENDINGS)("%s counts five seconds later", async (_how, end) => {
    const bindings = await relaxed();
    await end();
    server.advance(5000);
    expect((await check(device, bindings)).status).toBe(401);
  });

  it("a deployment counts five seconds later, and so does what was fetched in parts", async () => {
    const bindings = await relaxed();
    const id = await deploy(server, user, [device]);
    server.advance(5000);
    expect((await check(device, bindings)).json().id).toBe(id);
    await deploy(server, user, [await aDevice(server), ...others(100)]);
    server.advance(5000);
    expect((await check(device, bindings)).json().id).toBe(id);
  });

  it("devices are told to ask when no isolate can answer from before", async () => {
    const deps = await server.deps();
    const waited = async (sinceMs: number) => {
      const before = performance.now();
      await untilKnown(deps, device.tenant, sinceMs);
      return performance.now() - before;
    };
    await check(device);
    const strict = await waited(server.now);
    await relaxed();
    expect(await waited(server.now - 4900)).toBeGreaterThanOrEqual(90);
    expect(strict).toBeLessThan(4000);
  });

  it("tells the head how many checked, and leaves the mode when they are few", async () => {
    const bindings = { ...server.env };
    const fast = Array.from({ length: 2100 }, () => 0);
    await Promise.all(fast.map(() => check(device, bindings)));
    expect((await head().live(device.tenant, server.now)).mode).toBe("relaxed");
    for (let i = 0; i < 8; i++) {
      server.advance(5000);
      await check(device, bindings);
    }
    expect((await head().live(device.tenant, server.now)).mode).toBe("strict");
    expect((await check(device, bindings)).cost.objects).toBe(1);
  });
});

const away = (): never => {
  throw new Error("D1_ERROR: internal error; reference = 1234");
};

const lostDatabase = { prepare: () => ({ bind: () => ({}) }), batch: away } as unknown as D1Database;

/** A database that does not answer, for the Worker and for the head. */
async function withoutDatabase(): Promise<Env> {
  await configureHead(asDatabases(lostDatabase));
  return { ...server.env, ...asDatabases(lostDatabase) };
}

const withDatabase = () => configureHead({});

describe("when the database is away", () => {
  it("idle checks are answered for ten minutes, work is put off, and nothing is lost", async () => {
    const busy = await aDevice(server);
    const id = await deploy(server, user, [busy]);
    await poll(server, busy);
    await check(device);
    const broken = await withoutDatabase();
    for (let minute = 0; minute < 10; minute++) {
      server.advance(60_000);
      expect((await check(device, broken)).status).toBe(204);
      const put = await server.call(
        "PUT",
        `${DEVICE}/${id}/status`,
        { token: busy.token, json: { status: "installing" } },
        broken,
      );
      const asked = await check(busy, broken);
      expect([put.status, asked.status]).toEqual([503, 503]);
      expect(put.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(asked.headers.get("retry-after")).toMatch(/^\d+$/);
    }
    await withDatabase();
    server.advance(60_000);
    expect((await report(server, busy, id, "success")).status).toBe(204);
    const { text } = await manage("GET", `${MANAGEMENT}/${id}/statistics`);
    expect(JSON.parse(text)).toMatchObject({ success: 1 });
  });

  it("a head that was restarted goes on with what it stored", async () => {
    const busy = await aDevice(server);
    await deploy(server, user, [busy, ...others(60)]);
    await reject(await aDevice(server));
    await check(device);
    await evictDurableObject(head());
    const broken = await withoutDatabase();
    expect((await check(device, broken)).status).toBe(204);
    expect((await check(busy, broken)).status).toBe(503);
  });

  it("a change that could not be read lets everybody ask", async () => {
    await check(device);
    const broken = await withoutDatabase();
    await deploy(server, user, [device]);
    expect((await check(device, broken)).status).toBe(503);
    await withDatabase();
    server.advance(5000);
    expect((await check(device)).status).toBe(200);
  });
});

describe("when the head is away", () => {
  it("checks are answered from the database", async () => {
    const bindings = withoutHead(server);
    const idle = await check(device, bindings);
    expect([idle.status, idle.cost.trips]).toEqual([204, 1]);
    await deploy(server, user, [device]);
    expect((await check(device, bindings)).status).toBe(200);
    await reject(device);
    expect((await check(device, bindings)).status).toBe(401);
  });

  it("management writes are answered and found by the head within a minute", async () => {
    await check(device);
    const created = await server.call(
      "POST",
      MANAGEMENT,
      { token: user.token, json: { name: "one", artifact_name: "release-2", devices: [device.id] } },
      withoutHead(server),
    );
    expect(created.status).toBe(201);
    server.advance(60_000);
    expect((await check(device)).status).toBe(200);
  });
});

describe("a head that hangs", () => {
  it("holds up one check, and those of the next seconds not at all", async () => {
    let calls = 0;
    const hang = () => {
      calls += 1;
      return new Promise<never>(() => {});
    };
    const TENANT_HEAD = { idFromName: () => ({}), get: () => ({ check: hang, note: async () => {} }) };
    const bindings = { ...server.env, TENANT_HEAD: TENANT_HEAD as unknown as Env["TENANT_HEAD"] };
    const answers = [await check(device, bindings), await check(device, bindings)];
    expect([answers.map(({ status }) => status), calls]).toEqual([[204, 204], 1]);
    server.advance(5000);
    await check(device, bindings);
    expect(calls).toBe(2);
  });
});

describe("the head restarted between any two changes", () => {
  it("knows every revocation and every deployment that was answered", async () => {
    const fleet = await Promise.all(Array.from({ length: 6 }, () => aDevice(server)));
    const [rejected, queued, wide, decommissioned, aborted] = fleet as [
      TestDevice,
      TestDevice,
      TestDevice,
      TestDevice,
      TestDevice,
    ];
    const steps = [
      () => reject(rejected),
      () => deploy(server, user, [queued], { name: "queued" }),
      () => deploy(server, user, [wide, ...others(80)], { name: "wide" }),
      () => manage("DELETE", `${DEVICES}/${decommissioned.id}`),
      async () => abort(await deploy(server, user, [aborted], { name: "aborted" })),
    ];
    for (const step of steps) {
      await check(device);
      await step();
      await evictDurableObject(head());
      const answers = await Promise.all(fleet.map((of) => check(of)));
      const done = steps.indexOf(step);
      const expected = [401, done >= 1 ? 200 : 204, done >= 2 ? 200 : 204, done >= 3 ? 401 : 204, 204, 204];
      expect(answers.map(({ status }) => status)).toEqual(expected);
    }
  });
});

describe("a herd", () => {
  const limited = (settings: Partial<Env>): Env => ({ ...server.env, ...settings });

  it("of one device is sent away before anything is asked for it, and may come back", async () => {
    const bindings = limited({ DEVICE_REQUESTS_PER_MINUTE: "3" });
    const codes = [];
    for (let i = 0; i < 5; i++) codes.push((await check(device, bindings)).status);
    expect(codes).toEqual([204, 204, 204, 429, 429]);
    const refused = await check(device, bindings);
    expect(refused.json()).toMatchObject({ error: "too many requests" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.cost.trips).toBe(0);
    server.advance(60_000);
    expect((await check(device, bindings)).status).toBe(204);
  });

  it("of one device is sent away after 240 requests in a minute if nobody chose a number [differs: rate-limits]", async () => {
    const { DEVICE_REQUESTS_PER_MINUTE: _, ...bindings } = server.env;
    const codes = [];
    for (let i = 0; i < 241; i++) codes.push((await check(device, bindings)).status);
    expect(codes).toEqual([...Array(240).fill(204), 429]);
  });

  it("of one device is counted over all of its routes", async () => {
    const bindings = limited({ DEVICE_REQUESTS_PER_MINUTE: "2" });
    const put = () =>
      server.call(
        "PUT",
        "/api/devices/v1/inventory/device/attributes",
        { token: device.token, json: [{ name: "a", value: "b" }] },
        bindings,
      );
    expect([(await put()).status, (await check(device, bindings)).status, (await put()).status]).toEqual([
      200, 204, 429,
    ]);
  });

  it("of one address is not let in to authenticate", async () => {
    const bindings = limited({ ADDRESS_REQUESTS_PER_MINUTE: "1" });
    const ask = (address: string) =>
      server.call("POST", "/api/devices/v1/authentication/auth_requests", { json: {}, address }, bindings);
    expect([(await ask("192.0.2.1")).status, (await ask("192.0.2.1")).status]).toEqual([400, 429]);
    expect((await ask("192.0.2.2")).status).toBe(400);
  });

  it("over the budget of its tenant is spread over time, and reports of updates are never sent away [differs: rate-limits]", async () => {
    const id = await deploy(server, user, [device]);
    const bindings = limited({ TENANT_WORK_PER_S: "1" });
    expect((await check(device, bindings)).status).toBe(200);
    const refused = await Promise.all(Array.from({ length: 20 }, () => check(device, bindings)));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
    expect(new Set(refused.map(({ headers }) => headers.get("retry-after"))).size).toBeGreaterThan(3);
    const json = { status: "success" };
    const told = await server.call("PUT", `${DEVICE}/${id}/status`, { token: device.token, json }, bindings);
    expect(told.status).toBe(204);
  });

  it("with nothing to do is told when to ask again, where that is wanted", async () => {
    const bindings = limited({ STEERED_POLL_S: "3600" });
    const { status, headers } = await check(device, bindings);
    expect(status).toBe(429);
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(3600);
    await deploy(server, user, [device]);
    expect((await check(device, bindings)).status).toBe(200);
  });
});
