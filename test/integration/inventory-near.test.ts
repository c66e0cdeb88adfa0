import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { MOST_PRINTS } from "../../src/checkin/pledges.ts";
import { asDeviceId, asTenantId } from "../../src/platform/ids.ts";
import { WORKFLOW_FUNCTIONS } from "../../src/app/workflow-functions.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { Outage } from "../support/outage.ts";
import { env, OPERATOR_TOKEN, Server, type Answer, type Call } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { withoutHead } from "../support/without-head.ts";

const PATH = "/api/devices/v1/inventory/device/attributes";
const MANAGEMENT = "/api/management/v1/inventory/devices";
const INTERNAL = "/api/internal/v1/inventory/tenants/default";
const DAY = 86_400_000;
const GATHER_MS = 1000;
/** Of what the head is told after so long a silence nothing waits to be stored. */
const SAVED_MS = 5000;

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
});

type Attributes = Readonly<Record<string, string>>;

const listed = (attributes: Attributes) =>
  Object.entries(attributes).map(([name, value]) => ({ name, value }));
const send = (method: string, attributes: Attributes, bindings = server.env, more: Call = {}) =>
  server.call(method, PATH, { token: device.token, json: listed(attributes), ...more }, bindings);
const put = (attributes: Attributes, bindings = server.env) => send("PUT", attributes, bindings);
const operate = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: OPERATOR_TOKEN, ...(json !== undefined && { json }) });
const manage = (method: string, path: string, json?: unknown) =>
  server.call(method, path, { token: user.token, ...(json !== undefined && { json }) });

const A = { kernel: "6.6.51", site: "oslo" };
const B = { kernel: "6.6.52", site: "oslo" };

/** What the device is shown to have reported; nothing if it is not known. */
async function reported(): Promise<Attributes | undefined> {
  const answer = await manage("GET", `${MANAGEMENT}/${device.id}`);
  if (answer.status === 404) return undefined;
  const { attributes } = answer.json<{ attributes: { scope: string; name: string; value: string }[] }>();
  const own = attributes.filter(({ scope }) => scope === "inventory");
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

/** Answered by the head alone, and rightly. */
async function expectNear(answer: Answer, attributes: Attributes): Promise<void> {
  expect([answer.status, answer.text]).toEqual([200, ""]);
  expect(answer.cost).toMatchObject({ trips: 0, statements: 0, objects: 1 });
  expect(await reported()).toEqual(attributes);
}

/** The head of a tenant that goes on reporting is told with the next report, that of one that is silent after a while. */
async function headIsTold(): Promise<void> {
  server.advance(GATHER_MS);
  await reported();
}

async function expectStored(answer: Answer, attributes: Attributes): Promise<void> {
  expect(answer.status).toBe(200);
  expect(answer.cost.trips).toBeGreaterThan(0);
  expect(await reported()).toEqual(attributes);
}

describe("a report that says what the one before said", () => {
  it.each(["strict", "relaxed"])("needs no database, %s", async (CHECK_MODE) => {
    server.configure({ CHECK_MODE });
    await put(A);
    for (let i = 0; i < 3; i++) await expectNear(await put(A), A);
  });

  it("is found the same when its parts are sent by turns", async () => {
    const parts = Array.from({ length: MOST_PRINTS }, (_, i) => ({ [`part-${i}`]: "x" }));
    for (const part of parts) await send("PATCH", part);
    for (const part of parts) await send("PATCH", part);
    const costs = [];
    for (const part of parts) costs.push((await send("PATCH", part)).cost.trips);
    expect(costs).toEqual(parts.map(() => 0));
    expect(await reported()).toEqual(Object.assign({}, ...parts));
  });

  it("is told apart by its method, by its type and by the set of the device", async () => {
    await put(A);
    expect((await send("PATCH", A)).cost.trips).toBeGreaterThan(0);
    const typed = { headers: { "Content-Type": "application/json; charset=utf-8" } };
    expect((await send("PUT", A, server.env, typed)).cost.trips).toBeGreaterThan(0);
    const json = { "Content-Type": "application/json" };
    const patch = { headers: { "Content-Type": "application/json-patch+json" } };
    expect((await send("PUT", A, server.env, patch)).status).toBe(415);
    expect((await server.call("PUT", PATH, { token: device.token, body: "[", headers: json })).status).toBe(
      400,
    );
    await expectStored(await put(A), A);
    await expectNear(await put(A), A);
  });

  it("still counts for the last contact and for what the tenant uses", async () => {
    await put(A);
    server.advance(600_000);
    await put(A);
    const at = `/api/management/v1/inventory/presence?id=${device.id}`;
    expect((await manage("GET", at)).text).toContain(new Date(server.now).toISOString().slice(0, 19));
  });

  it("is written once more on each UTC day", async () => {
    await put(A);
    server.advance(DAY);
    const first = await put(A);
    expect([first.status, first.cost.trips]).toEqual([200, 2]);
    await expectNear(await put(A), A);
    const shown = await manage("GET", `${MANAGEMENT}/${device.id}`);
    expect(shown.json<{ updated_ts: string }>().updated_ts).toBe(new Date(server.now).toISOString());
  });

  it("is answered while the database is away", async () => {
    await put(A);
    await headIsTold();
    const outage = new Outage(server);
    outage.begin("DB");
    expect((await put(A, outage.env)).status).toBe(200);
    expect((await put(B, outage.env)).status).toBe(503);
    outage.end();
    await expectStored(await put(B), B);
  });

  it("is known to a head that slept", async () => {
    await put(A);
    server.advance(SAVED_MS);
    await headIsTold();
    await evictDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")));
    await expectNear(await put(A), A);
  });

  it("costs a look at the database where the head has fallen before it was told", async () => {
    await put(A);
    await evictDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")));
    await expectStored(await put(A), A);
    await expectNear(await put(A), A);
  });

  it("is not known once more, after a fall, if it was asked whether another is", async () => {
    await put(A);
    server.advance(SAVED_MS);
    await headIsTold();
    const outage = new Outage(server);
    outage.begin("DB");
    expect((await put(B, outage.env)).status).toBe(503);
    await evictDurableObject(env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")));
    expect((await put(A, outage.env)).status).toBe(503);
  });

  it("costs a look at the database once the head has lost what it knew", async () => {
    await put(A);
    await env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")).forget();
    await expectStored(await put(A), A);
    await expectStored(await put(B), B);
    await expectNear(await put(B), B);
  });
});

const scoped = (name: string, value: string) =>
  operate("PATCH", `${INTERNAL}/device/${device.id}/attribute/scope/inventory`, [{ name, value }]);

const callFunction = async (name: string, parameters: object) => {
  const context = { actor: { kind: "system" as const, tenant: asTenantId("default") }, stableId: "" };
  await WORKFLOW_FUNCTIONS.get(name)?.(await server.deps(), context, parameters);
  return { status: 200 };
};

describe("whoever changes what a device reported", () => {
  it.each<[string, () => Promise<{ status: number }>]>([
    ["the device itself", () => put(B)],
    ["the device, in part", () => send("PATCH", { kernel: "other" })],
    [
      "the device, on another path",
      () => server.call("PUT", "/api/devices/v1/inventory/x", { token: device.token, json: listed(B) }),
    ],
    ["the device, with more than is looked at before the routes", () => put({ kernel: "k".repeat(20_000) })],
    ["an operator", () => scoped("kernel", "other")],
    ["a user who clears it", () => manage("DELETE", `${MANAGEMENT}/${device.id}`)],
    ["an operator who removes the device", () => operate("DELETE", `${INTERNAL}/devices/${device.id}`)],
    [
      "an operator who says that it is gone",
      () => operate("POST", `${INTERNAL}/devices/status/decommissioned`, [{ id: device.id, revision: 9 }]),
    ],
    ["a workflow that removes it", () => callFunction("inventory.remove_device", { device_id: device.id })],
    [
      "a workflow that says that it is gone",
      () => callFunction("inventory.set_status", { devices: [{ id: device.id }], status: "decommissioned" }),
    ],
  ])("is noticed by the next report: %s", async (_who, change) => {
    await put(A);
    await expectNear(await put(A), A);
    expect((await change()).status).toBeLessThan(300);
    expect(await reported()).not.toEqual(A);
    await expectStored(await put(A), A);
    await expectNear(await put(A), A);
  });

  it.each<[string, () => Promise<{ status: number }>]>([
    ["tags", () => manage("PUT", `${MANAGEMENT}/${device.id}/tags`, [{ name: "name", value: "Ada" }])],
    ["a group", () => manage("PUT", `${MANAGEMENT}/${device.id}/group`, { group: "g" })],
    [
      "a status",
      () => operate("POST", `${INTERNAL}/devices/status/accepted`, [{ id: device.id, revision: 9 }]),
    ],
    [
      "an identity",
      () =>
        callFunction("inventory.merge_attributes", {
          device_id: device.id,
          scope: "identity",
          attributes: [{ name: "mac", value: "2" }],
        }),
    ],
  ])("may change what is not reported: %s", async (_what, change) => {
    await put(A);
    expect((await change()).status).toBeLessThan(300);
    await expectNear(await put(A), A);
  });

  it("cannot forget to tell", async () => {
    await put(A);
    const forgetful = env.DB.prepare(
      `UPDATE inventory_devices SET attributes = json_patch(attributes, '{"inventory-kernel":["x"]}'), updated_ms = ?`,
    );
    await expect(forgetful.bind(server.now).run()).rejects.toThrow("refused-pledged");
    // Clocks differ by minutes at most.
    await expect(forgetful.bind(server.now + DAY / 2 + 299_999).run()).rejects.toThrow("refused-pledged");
    await forgetful.bind(server.now + DAY / 2 + 300_000).run();
  });

  it.each<[string, () => Promise<unknown>]>([
    ["rejected", () => new DeviceAdmin(server, user).putStatus(device.id, device.authSet, "rejected")],
    ["decommissioned", () => new DeviceAdmin(server, user).call("DELETE", `/devices/${device.id}`)],
    [
      "of a suspended tenant",
      () => operate("PUT", "/api/operator/v1/tenants/default/status", { status: "suspended" }),
    ],
  ])("has no answer for a device that is %s", async (_what, change) => {
    await put(A);
    await change();
    const answer = await put(A);
    expect([answer.status, answer.text]).toEqual([401, ""]);
  });
});

describe("a device whose tokens were ended lately, of which the head says nothing", () => {
  it("has what it reports compared, and nothing written where that is the same", async () => {
    const admin = new DeviceAdmin(server, user);
    const signing = new SigningDevice({ mac: "ended" });
    const { id, set } = await admin.admit(signing);
    await admin.call("DELETE", `/tokens/${set}`);
    server.advance(1000);
    device = { ...device, id: asDeviceId(id), token: (await signing.ask(server)).text };
    const pledgeOf = () =>
      env.DB.prepare("SELECT pledge FROM inventory_devices WHERE device_id = ?").bind(id).first();
    await expectStored(await put(A), A);
    const before = await pledgeOf();
    for (let i = 0; i < 3; i++) {
      await expectStored(await put(A), A);
      expect(await pledgeOf()).toEqual(before);
    }
    await expectStored(await put(B), B);
    expect(await pledgeOf()).toEqual({ pledge: null });
  });
});

describe("where the database was taken back and all tokens were ended", () => {
  it("nothing of the time that was taken back is the same as what is stored", async () => {
    const admin = new DeviceAdmin(server, user);
    const signing = new SigningDevice({ mac: "taken back" });
    const { id } = await admin.admit(signing);
    device = { ...device, id: asDeviceId(id), token: (await signing.ask(server)).text };
    await put(A);
    const before = "SELECT attributes, pledge FROM inventory_devices WHERE device_id = ?";
    const row = await env.DB.prepare(before).bind(id).first<{ attributes: string; pledge: string }>();
    await put(B);
    await expectNear(await put(B), B);
    const back = "UPDATE inventory_devices SET attributes = ?, pledge = ? WHERE device_id = ?";
    await env.DB.prepare(back).bind(row!.attributes, row!.pledge, id).run();
    const ended = await operate("DELETE", "/api/internal/v1/devauth/tokens?tenant_id=default");
    expect(ended.status).toBe(204);
    device = { ...device, token: (await signing.ask(server)).text };
    await expectStored(await put(B), B);
    await expectNear(await put(B), B);
  });
});

describe("while the head is away", () => {
  it("the database tells what is the same, and takes what nobody answers for", async () => {
    await put(A, withoutHead(server));
    await expectStored(await put(A, withoutHead(server)), A);
    await expectStored(await put(B, withoutHead(server)), B);
  });

  it("what the head answers for cannot be changed, until its day is over", async () => {
    await put(A);
    const refused = await put(B, withoutHead(server));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    await expectNear(await put(A), A);
    server.advance(DAY / 2 + 299_999);
    expect((await put(B, withoutHead(server))).status).toBe(503);
    server.advance(1);
    await expectStored(await put(B, withoutHead(server)), B);
    await expectStored(await put(A), A);
  });

  it("a device can still be thrown out", async () => {
    await put(A);
    const gone = await server.call(
      "DELETE",
      `/api/management/v2/devauth/devices/${device.id}`,
      { token: user.token },
      withoutHead(server),
    );
    expect(gone.status).toBe(204);
    const again = await aDevice(server);
    expect(asDeviceId(again.id)).not.toBe(device.id);
  });
});

it("is asked by a Worker of an earlier version, which tells nothing of other reports", async () => {
  const [head, tenant] = [env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default")), asTenantId("default")];
  const asked = { device: asDeviceId(crypto.randomUUID()), authSet: "a", issuedS: 0, print: "p", fresh: "f" };
  const verdict = await head.report(tenant, { ...asked, nowMs: server.now, seen: [] });
  expect(verdict).toMatchObject({ isSame: false });
});
