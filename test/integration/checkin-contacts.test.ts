import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import { deviceCheckInsStatement } from "../../src/devices/index.ts";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aTenant, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, inInventory, report } from "../support/deployments.ts";
import { DEVAUTH, DeviceAdmin } from "../support/device-auth.ts";
import { type Answer, asDatabases, env, FURTHER, served, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { withoutHead } from "../support/without-head.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const head = () => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));

const check = (of: TestDevice, bindings: Env = server.env) =>
  server.call("GET", `${DEVICE}/next?device_type=pi4&artifact_name=release-1`, { token: of.token }, bindings);

const manage = (method: string, path: string, json?: unknown, bindings: Env = server.env) =>
  server.call(method, path, { token: user.token, json }, bindings);

/** Other bindings for the head, as another configuration or another state of the platform would give it. */
const configureHead = (changed: Partial<Env>) =>
  runInDurableObject(head(), (instance: TenantHead) => {
    Object.assign(instance, { env: { ...served, ...changed } });
  });

const away = (): never => {
  throw new Error("D1_ERROR: internal error; reference = 1234");
};

const lostDatabase = { prepare: () => ({ bind: () => ({}) }), batch: away } as unknown as D1Database;

/** The second that a time lies in, in milliseconds. */
const secondOf = (ms: number) => Math.floor(ms / 1000) * 1000;

interface Told {
  id: string;
  check_in_time?: string;
}

describe("presence", () => {
  const seen = (ids: string[]) =>
    manage("GET", `/api/management/v1/inventory/presence?${ids.map((id) => `id=${id}`).join("&")}`);

  it("tells when devices were last heard of, to the second and without a row for each check", async () => {
    const at = new Date(server.now).toISOString().replace(".000", "");
    await check(device);
    const answer = await seen([device.id, crypto.randomUUID()]);
    expect([answer.status, answer.json()]).toEqual([200, [{ id: device.id, last_seen: at }]]);
  });

  it("survives a restart after the flush, with one page for all", async () => {
    const fleet = await Promise.all(Array.from({ length: 20 }, () => aDevice(server)));
    for (const one of fleet) await check(one);
    expect(await runDurableObjectAlarm(head())).toBe(true);
    await evictDurableObject(head());
    const ids = fleet.map(({ id }) => id);
    expect((await seen(ids)).json<unknown[]>()).toHaveLength(20);
    const pages = await runInDurableObject(head(), (_, state) => state.storage.list({ prefix: "presence:" }));
    expect(pages.size).toBe(1);
  });

  const firstOfDay = async () => {
    const { text } = await manage("GET", `/api/management/v1/inventory/devices/${device.id}`);
    const { attributes } = JSON.parse(text) as { attributes: { name: string; value: string }[] };
    return Date.parse(attributes.find(({ name }) => name === "check_in_time")?.value ?? "");
  };

  const lastOf = async (id: string) => {
    const [found] = (await seen([id])).json<{ last_seen: string }[]>();
    return Date.parse(found?.last_seen ?? "");
  };

  it("outlives a head that falls asleep after one check, and reaches the inventory at its alarm", async () => {
    await inInventory(server, [device]);
    const at = server.now;
    await check(device);
    await evictDurableObject(head());
    expect(await lastOf(device.id)).toBe(at);
    await evictDurableObject(head());
    expect(await runDurableObjectAlarm(head())).toBe(true);
    await evictDurableObject(head());
    expect([await lastOf(device.id), await firstOfDay()]).toEqual([at, at]);
  });

  it("outlives it after each of many checks, with one row for all of them until the alarm", async () => {
    for (let minute = 0; minute < 4; minute++) {
      server.advance(60_000);
      await check(device);
      await evictDurableObject(head());
    }
    const saved = await runInDurableObject(head(), (_, state) => state.storage.list({ prefix: "contacts:" }));
    expect([await lastOf(device.id), saved.size]).toEqual([server.now, 1]);
  });

  it("sets an alarm anew that was lost", async () => {
    await inInventory(server, [device]);
    await check(device);
    await runInDurableObject(head(), (_, state) => state.storage.deleteAlarm());
    await evictDurableObject(head());
    expect(await lastOf(device.id)).toBe(server.now);
    expect(await runDurableObjectAlarm(head())).toBe(true);
    expect(await firstOfDay()).toBe(server.now);
  });

  it("asks the database no oftener because the head falls asleep", async () => {
    await check(device);
    await evictDurableObject(head());
    server.advance(30_000);
    expect((await check(device)).status).toBe(204);
    expect((await head().live(device.tenant, server.now)).database.statements).toBe(0);
    server.advance(30_000);
    await check(device);
    expect((await head().live(device.tenant, server.now)).database.roundTrips).toBe(1);
  });

  it("puts the first contact of a day into the inventory, and no other [differs: check-in-day]", async () => {
    await inInventory(server, [device]);
    await check(device);
    await runDurableObjectAlarm(head());
    const first = server.now;
    server.advance(3_600_000);
    await check(device);
    await runDurableObjectAlarm(head());
    expect(await firstOfDay()).toBe(first);
  });

  it("finds each device of such contacts by its key, however large the fleet is", async () => {
    const ids = Array.from({ length: 300 }, (_, n) => `device-${n}`);
    await env.DB.prepare(
      `INSERT INTO inventory_devices (tenant_id, device_id, created_ms, updated_ms)
       SELECT 'default', value, 0, 0 FROM json_each(?)`,
    )
      .bind(JSON.stringify(ids))
      .run();
    const contacts = ids.slice(0, 20).map((id) => ({ device: id, atMs: server.now }));
    const deps = await server.deps();
    await deps.db(device.tenant).one(deviceCheckInsStatement(device.tenant, contacts));
    // The list itself is read, too.
    expect(deps.cost.rowsRead).toBeLessThanOrEqual(5 * 20 + FURTHER);
    const stamped = env.DB.prepare("SELECT count(*) AS n FROM inventory_devices WHERE check_in_ms = ?");
    expect(await stamped.bind(server.now).first("n")).toBe(20);
  });

  it("waits with the inventory while the database is away, and answers checks meanwhile", async () => {
    await inInventory(server, [device]);
    await check(device);
    const at = server.now;
    await configureHead(asDatabases(lostDatabase));
    await runDurableObjectAlarm(head());
    const again = await check(device, { ...server.env, ...asDatabases(lostDatabase) });
    await evictDurableObject(head());
    expect(await runDurableObjectAlarm(head())).toBe(true);
    expect([again.status, await firstOfDay()]).toEqual([204, at]);
  });

  it.each([
    ["no ids", "", 400],
    ["too many", Array.from({ length: 501 }, (_, i) => `id=${i}`).join("&"), 400],
  ])("refuses %s", async (_what, query, status) => {
    expect((await manage("GET", `/api/management/v1/inventory/presence?${query}`)).status).toBe(status);
  });

  it("is not told to another tenant", async () => {
    await check(device);
    const stranger = await aUser(server, { tenant: await aTenant(server) });
    const path = `/api/management/v1/inventory/presence?id=${device.id}`;
    const { text } = await server.call("GET", path, { token: stranger.token });
    expect(JSON.parse(text)).toEqual([]);
  });

  it("tells what the fleet does now", async () => {
    await check(device);
    const { status, text } = await manage("GET", "/api/management/v1/inventory/live");
    expect([status, JSON.parse(text)]).toMatchObject([200, { mode: "strict", checks_per_second: 0 }]);
  });
});

describe("last contact in device authentication", () => {
  const timeOf = ({ check_in_time }: Told) => Date.parse(check_in_time ?? "");

  /** Every route that shows the device, by what it is called with. */
  const SHOWN: [string, (id: string, bindings?: Env) => Promise<Answer>][] = [
    ["the list", (_, bindings) => manage("GET", `${DEVAUTH}/devices`, undefined, bindings)],
    ["the list by id", (id, bindings) => manage("GET", `${DEVAUTH}/devices?id=${id}`, undefined, bindings)],
    ["one device", (id, bindings) => manage("GET", `${DEVAUTH}/devices/${id}`, undefined, bindings)],
    ["a search", (id, bindings) => manage("POST", `${DEVAUTH}/devices/search`, { id: [id] }, bindings)],
  ];

  it.each(SHOWN)("is told by %s to the second, with one call and one trip for it", async (_what, show) => {
    for (const ms of [0, 3_600_000, 90_000_000]) {
      server.advance(ms + 1234);
      expect((await check(device)).cost).toMatchObject({ trips: 0, objects: 1 });
      await evictDurableObject(head());
      const { text, cost } = await show(device.id);
      const [shown] = [JSON.parse(text)].flat() as Told[];
      expect(timeOf(shown!)).toBe(secondOf(server.now));
      expect(cost).toMatchObject({ trips: 2, written: 0, objects: 1 }); // one of the trips is the user's
    }
  });

  it("is left out for a device that was never heard of", async () => {
    for (const [, show] of SHOWN) expect((await show(device.id)).text).not.toContain("check_in_time");
  });

  it("is the day of it while the head is away", async () => {
    await inInventory(server, [device]);
    await check(device);
    const first = server.now;
    await runDurableObjectAlarm(head());
    server.advance(3_600_000);
    await check(device);
    for (const [, show] of SHOWN) {
      const { status, text } = await show(device.id, withoutHead(server));
      const [shown] = [JSON.parse(text)].flat() as Told[];
      expect([status, timeOf(shown!)]).toEqual([200, first]);
    }
  });

  it("is an authentication's, for a device that did nothing else; one that waits has none", async () => {
    const admin = new DeviceAdmin(server, user);
    const signing = new SigningDevice({ mac: "contact" });
    expect((await signing.ask(server)).status).toBe(401);
    const waiting = (await admin.devices("?status=pending")) as Told[];
    expect(waiting.map(({ check_in_time }) => check_in_time)).toEqual([undefined]);
    const { id } = await admin.admit(signing);
    server.advance(7000);
    expect((await signing.ask(server)).cost).toMatchObject({ trips: 1, written: 0, objects: 1 });
    await evictDurableObject(head());
    const shown = (await manage("GET", `${DEVAUTH}/devices/${id}`)).json<{ check_in_time: string }>();
    expect(Date.parse(shown.check_in_time)).toBe(secondOf(server.now));
    await evictDurableObject(head());
    await runDurableObjectAlarm(head());
    const { text } = await manage("GET", `/api/management/v1/inventory/devices/${id}`);
    expect(text).toContain(`"name":"check_in_time","value":"${shown.check_in_time}"`);
  });

  it("is told with the refusal of a preauthorisation", async () => {
    const admin = new DeviceAdmin(server, user);
    const signing = new SigningDevice({ mac: "known" });
    await admin.admit(signing);
    server.advance(5000);
    await signing.ask(server);
    const known = { identity_data: { mac: "known" }, pubkey: signing.pem };
    const refused = await manage("POST", `${DEVAUTH}/devices`, known);
    expect([refused.status, timeOf(refused.json())]).toEqual([409, secondOf(server.now)]);
  });

  const asDevice = (method: string, path: string, json?: unknown) =>
    server.call(method, path, { token: device.token, json });

  it.each<[string, () => Promise<Answer>]>([
    ["an inventory report", () => asDevice("PUT", "/api/devices/v1/inventory/device/attributes", [])],
    ["reading the configuration", () => asDevice("GET", "/api/devices/v1/deviceconfig/configuration")],
  ])("is that of %s", async (_what, call) => {
    server.advance(60_000);
    const { status, cost } = await call();
    expect(cost.objects).toBe(1);
    const shown = (await manage("GET", `${DEVAUTH}/devices/${device.id}`)).json<Told>();
    expect([status, timeOf(shown)]).toEqual([200, secondOf(server.now)]);
  });

  it("is that of a status report; work that was just asked for costs one call in all", async () => {
    await anArtifact(server);
    const id = await deploy(server, user, [device]);
    const given = await check(device);
    expect([given.status, given.cost.objects]).toEqual([200, 1]);
    server.advance(60_000);
    expect((await report(server, device, id, "downloading")).cost.objects).toBe(1);
    const shown = (await manage("GET", `${DEVAUTH}/devices/${device.id}`)).json<Told>();
    expect(timeOf(shown)).toBe(secondOf(server.now));
  });

  it("is known of each of many requests of a second, told with few calls", async () => {
    const fleet = await Promise.all(Array.from({ length: 20 }, () => aDevice(server)));
    let calls = 0;
    for (const { token } of fleet) {
      const path = "/api/devices/v1/deviceconfig/configuration";
      calls += (await server.call("GET", path, { token })).cost.objects;
    }
    expect(calls).toBe(1);
    const { text } = await manage("GET", `${DEVAUTH}/devices?per_page=500`);
    const times = (JSON.parse(text) as Told[]).flatMap(({ check_in_time: time }) => time ?? []);
    expect(times).toHaveLength(20);
  });
});

describe("contacts in relaxed mode", () => {
  it("are told to the head after five seconds, with the time of each, although nobody asks again", async () => {
    const bindings = { ...server.env };
    await configureHead({ CHECK_MODE: "relaxed" });
    const fleet = await Promise.all(Array.from({ length: 3 }, () => aDevice(server)));
    await check(device, bindings); // learns the mode
    const times: number[] = [];
    for (const one of fleet) {
      server.advance(1000);
      times.push(server.now);
      await check(one, bindings);
    }
    server.advance(5000);
    await server.call("GET", "/healthz"); // some request: what is due is done before it
    const told = await head().lastSeen(
      device.tenant,
      fleet.map(({ id }) => id),
      [],
    );
    expect(fleet.map(({ id }) => told[id])).toEqual(times.map(secondOf));
  });

  it("are told once more when the head was away", async () => {
    const real = server.env.TENANT_HEAD;
    const away = withoutHead(server).TENANT_HEAD;
    let isAway = true;
    const TENANT_HEAD = {
      idFromName: (name: string) => real.idFromName(name),
      get: (id: DurableObjectId) => (isAway ? away : real).get(id),
    } as unknown as Env["TENANT_HEAD"];
    expect((await check(device, { ...server.env, TENANT_HEAD })).status).toBe(204);
    isAway = false;
    const at = server.now;
    server.advance(5000);
    await server.call("GET", "/healthz");
    expect(await head().lastSeen(device.tenant, [device.id], [])).toEqual({ [device.id]: secondOf(at) });
  });
});
