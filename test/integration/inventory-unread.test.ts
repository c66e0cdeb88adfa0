import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";

/** Reports that are written without their device being read before. */

const PATH = "/api/devices/v1/inventory/device/attributes";

type Attributes = Readonly<Record<string, unknown>>;

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

const put = (attributes: Attributes, bindings = server.env) => {
  const json = Object.entries(attributes).map(([name, value]) => ({ name, value }));
  return server.call("PUT", PATH, { token: device.token, json }, bindings);
};
const see = async (path: string) => server.call("GET", path, { token: user.token });

async function reported(): Promise<Attributes> {
  const answer = await see(`/api/management/v1/inventory/devices/${device.id}`);
  const { attributes } = answer.json<{ attributes: { scope: string; name: string; value: unknown }[] }>();
  const own = attributes.filter(({ scope }) => scope === "inventory");
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

interface Told {
  type: string;
  data: { attributes: { scope: string; name: string; value: unknown }[] };
}

/** What the world was told of the last change. */
async function told(): Promise<Attributes | undefined> {
  const answer = await see("/api/management/v1/events?order=desc&type=device.inventory_changed");
  const [last] = answer.json<{ events: Told[] }>().events;
  return last && Object.fromEntries(last.data.attributes.map(({ name, value }) => [name, value]));
}

/** Enough others that few changes are little of the device. */
const REST = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`rest-${i}`, `of the device ${i}`]));

describe("a report with other values for the same attributes", () => {
  it.each<[string, unknown, unknown]>([
    ["text", "a", "b"],
    ["text that JSON escapes", 'a "quoted" \\ word', "lines\nand\ttabs \u2028"],
    ["text of other languages", "Straße", "日本語 \u{1F600}"],
    ["text that looks like a number", "1", "1.0"],
    ["a number", 1, 2],
    ["a number with many digits", 0.1, 0.1 + 0.2],
    ["a great number", 1, 1e300],
    ["a number in the place of text", "1", 1],
    ["a list", ["a", "b"], ["b", "a"]],
    ["a list of numbers", [1, 2], [1]],
    ["a list in the place of text", "a", ["a"]],
    ["text with a percent sign", "45%", "46%"],
  ])("is one round trip, and is stored and told as it is: %s", async (_what, before, after) => {
    await put({ ...REST, value: before, other: 1 });
    server.advance(1000);
    const answer = await put({ ...REST, value: after, other: 1 });
    expect([answer.status, answer.cost.trips]).toEqual([200, 1]);
    expect(await reported()).toEqual({ ...REST, value: after, other: 1 });
    expect(await told()).toEqual({ value: after });
    expect((await put({ ...REST, value: after, other: 1 })).cost.trips).toBe(0);
    expect((await put({ ...REST, value: before, other: 1 })).cost.trips).toBe(1);
    expect(await reported()).toEqual({ ...REST, value: before, other: 1 });
  });

  it.each<[string, Attributes, Attributes, Attributes]>([
    ["one more", { a: 1 }, { a: 2, b: 1 }, { a: 2, b: 1 }],
    ["one less", { a: 1, b: 1 }, { a: 2 }, { a: 2, b: null }],
    ["another name", { a: 1 }, { b: 1 }, { b: 1, a: null }],
    ["a name that is not its key", { 'a%"': 1 }, { 'a%"': 2 }, { 'a%"': 2 }],
    ["much of it", { a: "x".repeat(300) }, { a: "y".repeat(600) }, { a: "y".repeat(600) }],
  ])("is read first where it is otherwise: %s", async (_what, before, after, delta) => {
    await put({ ...REST, ...before });
    const answer = await put({ ...REST, ...after });
    expect([answer.status, answer.cost.trips]).toEqual([200, 2]);
    expect(await reported()).toEqual({ ...REST, ...after });
    expect(await told()).toEqual(delta);
  });

  it("leaves all that is not reported as it is", async () => {
    const at = `/api/management/v1/inventory/devices/${device.id}`;
    await put({ ...REST, a: 1 });
    const tags = [{ name: "a", value: "tag" }];
    await server.call("PUT", `${at}/tags`, { token: user.token, json: tags });
    await server.call("PUT", `${at}/group`, { token: user.token, json: { group: "g" } });
    const scopes = async () =>
      (await see(at))
        .json<{ attributes: { scope: string; name: string }[] }>()
        .attributes.filter(({ scope, name }) => scope !== "inventory" && !/_ts$|^check_in/.test(name));
    const before = await scopes();
    expect((await put({ ...REST, a: 2 })).cost.trips).toBe(1);
    expect(await scopes()).toEqual(before);
    expect(before.map(({ scope }) => scope)).toContain("tags");
  });

  it("wakes a receiver, though nobody wanted to hear of the one before", async () => {
    const waiting = () =>
      env.DB.prepare("SELECT waiting_ms FROM event_receivers").first<number>("waiting_ms");
    await put({ ...REST, a: 0 });
    for (let a = 1; a < 3; a++)
      expect((await put({ ...REST, a })).cost).toMatchObject({ trips: 1, statements: 4 });
    await env.DB.prepare(
      `INSERT INTO event_receivers (tenant_id, receiver_id, kind, types, position)
        VALUES ('default', 'r', 'webhook', '["device.*"]', 100)`,
    ).run();
    const first = await put({ ...REST, a: 3 });
    expect([first.status, first.cost.trips, await waiting()]).toEqual([200, 2, server.now]);
    await env.DB.prepare("UPDATE event_receivers SET waiting_ms = NULL").run();
    const second = await put({ ...REST, a: 4 });
    expect([second.status, second.cost.trips, await waiting()]).toEqual([200, 1, server.now]);
    await env.DB.prepare("DELETE FROM event_receivers").run();
    expect((await put({ ...REST, a: 5 })).cost.trips).toBe(1);
    expect((await put({ ...REST, a: 6 })).cost.statements).toBe(4);
  });

  it("is found by its new value and not by the old one", async () => {
    await put({ ...REST, a: "old" });
    await put({ ...REST, a: "new" });
    const found = async (value: string) => {
      const json = { filters: [{ scope: "inventory", attribute: "a", type: "$eq", value }] };
      const path = "/api/management/v2/inventory/filters/search";
      return (await server.call("POST", path, { token: user.token, json })).json<unknown[]>().length;
    };
    expect([await found("old"), await found("new")]).toEqual([0, 1]);
  });
});

/** Bindings whose databases carry out batches so. */
function batching(run: (inner: D1Database, batch: D1PreparedStatement[]) => Promise<unknown>) {
  const through = (d1: D1Database) =>
    new Proxy(d1, {
      get: (inner, name) => {
        if (name === "batch") return (batch: D1PreparedStatement[]) => run(inner, batch);
        const member: unknown = Reflect.get(inner, name, inner);
        return typeof member === "function" ? member.bind(inner) : member;
      },
    });
  const { DB, DATA_2 } = server.env;
  return { ...server.env, DB: through(DB), ...(DATA_2 && { DATA_2: through(DATA_2) }) };
}

/** Bindings with which something happens after the head was asked, just before the database is. */
function meanwhile(happens: () => Promise<unknown>) {
  let isDone = false;
  return batching(async (inner, batch) => {
    const isFirst = !isDone;
    isDone = true;
    if (isFirst) await happens();
    return inner.batch(batch);
  });
}

describe("while such a report is on its way", () => {
  it.each<[string, () => Promise<{ status: number }>]>([
    ["rejected", () => new DeviceAdmin(server, user).putStatus(device.id, device.authSet, "rejected")],
    ["decommissioned", () => new DeviceAdmin(server, user).call("DELETE", `/devices/${device.id}`)],
    ["without its tokens", () => new DeviceAdmin(server, user).call("DELETE", `/tokens/${device.authSet}`)],
    [
      "of a suspended tenant",
      () =>
        server.call("PUT", "/api/operator/v1/tenants/default/status", {
          token: OPERATOR_TOKEN,
          json: { status: "suspended" },
        }),
    ],
  ])("nothing is written of a device that is %s", async (_what, change) => {
    await put({ ...REST, a: 1 });
    const stored = () =>
      env.DB.prepare("SELECT attributes, pledge FROM inventory_devices WHERE device_id = ?")
        .bind(device.id)
        .first();
    const events = () => env.DB.prepare("SELECT total(events) AS count FROM event_pages").first("count");
    let left: unknown;
    const answer = await put(
      { ...REST, a: 2 },
      meanwhile(async () => {
        expect((await change()).status).toBeLessThan(300);
        left = [await stored(), await events()];
      }),
    );
    expect([answer.status, answer.text]).toEqual([401, ""]);
    expect([await stored(), await events()]).toEqual(left);
  });

  it("it may be carried out twice, and is told once", async () => {
    await put({ ...REST, a: 1 });
    const twice = batching(async (inner, batch) => {
      await inner.batch(batch);
      return inner.batch(batch);
    });
    const answer = await put({ ...REST, a: 2 }, twice);
    expect([answer.status, answer.cost.trips]).toEqual([200, 1]);
    const events = await see("/api/management/v1/events?type=device.inventory_changed");
    expect(events.json<{ events: Told[] }>().events).toHaveLength(2);
    expect(await reported()).toEqual({ ...REST, a: 2 });
  });

  it("another report is written: both count, one after the other", async () => {
    await put({ ...REST, a: 1, b: 1 });
    const other = () => put({ ...REST, a: 2, b: 1 });
    const answer = await put({ ...REST, a: 1, b: 2 }, meanwhile(other));
    expect(answer.status).toBe(200);
    expect(await reported()).toEqual({ ...REST, a: 1, b: 2 });
    expect(await told()).toEqual({ a: 1, b: 2 });
    for (let i = 0; i < 2; i++) await put({ ...REST, a: 2, b: 1 });
    expect(await reported()).toEqual({ ...REST, a: 2, b: 1 });
  });

  it("an operator changes what it leaves out of account, and it holds", async () => {
    await put({ ...REST, a: 1 });
    const path = `/api/internal/v1/inventory/tenants/default/device/${device.id}/attribute/scope/inventory`;
    const json = [{ name: "b", value: "operator" }];
    const other = () => server.call("PATCH", path, { token: OPERATOR_TOKEN, json });
    expect((await put({ ...REST, a: 2 }, meanwhile(other))).status).toBe(200);
    expect(await reported()).toEqual({ ...REST, a: 2 });
  });

  it("ten at once leave one of them, and the head never says that it was another", async () => {
    await put({ ...REST, a: 0 });
    for (let round = 0; round < 3; round++) {
      const values = Array.from({ length: 10 }, (_, i) => `${round} ${i}`);
      const answers = await Promise.all(values.map((a) => put({ ...REST, a })));
      expect(answers.map(({ status }) => status)).toEqual(values.map(() => 200));
      for (const a of values) {
        const { a: before } = await reported();
        const { cost } = await put({ ...REST, a });
        if (before !== a) expect(cost.trips).toBeGreaterThan(0);
        expect(await reported()).toEqual({ ...REST, a });
      }
    }
  });
});
