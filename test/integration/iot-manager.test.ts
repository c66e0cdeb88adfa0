import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { aDevice, aUser, type TestUser } from "../support/actors.ts";
import { auditOf, refusal, rowsOf } from "../support/answers.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { onlyReceivers, Receiver } from "../support/receivers.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const BASE = "/api/management/v1/iot-manager";
const INTERNAL = "/api/internal/v1/iot-manager";
const HOUR_MS = 3_600_000;
const UUID = /^[0-9a-f-]{36}$/;
const SECRET = "00112233445566778899aabbccddeeff";
const HUB =
  "HostName=acme.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=c3VwZXJzZWNyZXRrZXk=";

let server: Server;
let admin: TestUser;
let devices: DeviceAdmin;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  devices = new DeviceAdmin(server, admin);
});
afterEach(() => vi.unstubAllGlobals());

const call = (method: string, path: string, json?: unknown, by: TestUser = admin) =>
  server.call(method, BASE + path, { token: by.token, ...(json === undefined ? {} : { json }) });
const internal = (method: string, path: string, json?: unknown) =>
  server.call(method, INTERNAL + path, {
    token: OPERATOR_TOKEN,
    ...(json === undefined ? {} : { json }),
  });
const webhook = (url = "https://hooks.example.com/a", secret?: string, more: object = {}) => ({
  provider: "webhook",
  credentials: { type: "http", http: { url, ...(secret !== undefined && { secret }) } },
  ...more,
});
const aws = {
  access_key_id: "AKIDEXAMPLE",
  secret_access_key: "secret",
  region: "eu-central-1",
  device_policy_name: "device",
};

async function add(json: object, by = admin): Promise<string> {
  const answer = await call("POST", "/integrations", json, by);
  expect([answer.status, answer.text]).toEqual([201, ""]);
  const location = answer.headers.get("location") ?? "";
  expect(location.slice(0, -36)).toBe(`${BASE}/integrations/`);
  return location.slice(-36);
}

const events = async (query = "") =>
  (await call("GET", `/events${query}`)).json<
    {
      id: string;
      type: string;
      data: Record<string, unknown>;
      time: string;
      delivery_statuses: { integration_id: string; success: boolean; status_code?: number; error?: string }[];
    }[]
  >();

const sweep = async (duties = EVERY_MINUTE) => {
  await runSweeps(await server.deps(), duties);
  await server.deliverEvents();
};

describe("integrations", () => {
  it("have no password of an address shown, and take none that is masked", async () => {
    const at = (login: string) => webhook(`https://${login}hooks.example.com/a`);
    const id = await add(at("ada:s%3Acret@"));
    const shown = (await call("GET", `/integrations/${id}`)).json<{
      credentials: { http: { url: string } };
    }>();
    expect(shown.credentials.http.url).toBe("https://ada:<omitted>@hooks.example.com/a");
    expect(refusal(await call("POST", "/integrations", webhook(shown.credentials.http.url)))).toEqual([
      400,
      "malformed request body: credentials: (http: (url: must have the password itself.).).",
    ]);
  });

  it("are added, listed without their secrets, changed and removed, each change on record [differs: integration-by-id]", async () => {
    expect([
      (await call("GET", "/integrations")).status,
      (await call("GET", "/integrations")).json(),
    ]).toEqual([200, []]);
    const hook = await add({
      ...webhook(undefined, SECRET),
      description: "all of it",
      scopes: ["deviceauth"],
      id: "x",
    });
    const hub = await add({ provider: "iot-hub", credentials: { type: "sas", connection_string: HUB } });
    const core = await add({ provider: "iot-core", credentials: { type: "aws", aws } });
    const shown = [
      {
        id: core,
        provider: "iot-core",
        credentials: { type: "aws", aws: { ...aws, secret_access_key: "<omitted>" } },
      },
      {
        id: hub,
        provider: "iot-hub",
        credentials: {
          type: "sas",
          connection_string: HUB.replace("c3VwZXJzZWNyZXRrZXk=", "c3Vw...<omitted>"),
        },
      },
      {
        id: hook,
        provider: "webhook",
        credentials: { type: "http", http: { url: "https://hooks.example.com/a", secret: "<omitted>" } },
        description: "all of it",
        scopes: ["deviceauth"],
      },
    ];
    expect((await call("GET", "/integrations")).json()).toEqual(shown);
    expect((await call("GET", `/integrations/${hook}`)).json()).toEqual(shown[2]);
    const stored = JSON.stringify(await rowsOf("SELECT * FROM iot_integrations"));
    for (const secret of [SECRET, "c3VwZXJzZWNyZXRrZXk", '"secret"']) expect(stored).not.toContain(secret);

    const changed = { type: "http", http: { url: "https://hooks.example.com/b" } };
    expect((await call("PUT", `/integrations/${hook}/credentials`, changed)).status).toBe(204);
    expect((await call("GET", `/integrations/${hook}`)).json()).toMatchObject({ credentials: changed });
    expect((await call("DELETE", `/integrations/${hook}`, {})).status).toBe(204);
    expect(refusal(await call("GET", `/integrations/${hook}`))).toEqual([404, "integration not found"]);
    expect(await auditOf(hook)).toEqual([
      { actor_id: admin.id, action: "create", change: "webhook https://hooks.example.com" },
      { actor_id: admin.id, action: "update", change: "credentials of webhook https://hooks.example.com" },
      { actor_id: admin.id, action: "delete", change: "removed with what waited for it" },
    ]);
  });

  it("may be several, of which none leads where another does [differs: several-integrations]", async () => {
    const first = await add(webhook());
    expect(refusal(await call("POST", "/integrations", webhook()))).toEqual([
      409,
      "integration already exists",
    ]);
    const second = await add(webhook("https://hooks.example.com/b"));
    const same = webhook().credentials;
    expect(refusal(await call("PUT", `/integrations/${second}/credentials`, same))).toEqual([
      409,
      "integration already exists",
    ]);
    expect((await call("PUT", `/integrations/${first}/credentials`, same)).status).toBe(204);
    for (let i = 2; i < 20; i++) await add(webhook(`https://hooks.example.com/${i}`));
    expect((await call("POST", "/integrations", webhook("https://hooks.example.com/z"))).status).toBe(409);
    const other = await aUser(server, { tenant: "other" });
    await add(webhook(), other);
    expect((await call("GET", `/integrations/${first}`, undefined, other)).status).toBe(404);
    expect((await call("DELETE", `/integrations/${first}`, {}, other)).status).toBe(404);
  });

  it("are refused with the original's words where they are none", async () => {
    const refusedAs = async (json: unknown) => {
      const [status, text] = refusal(await call("POST", "/integrations", json));
      expect(status).toBe(400);
      return String(text).replace("malformed request body: ", "");
    };
    const sas = (connection_string: string) => ({
      provider: "iot-hub",
      credentials: { type: "sas", connection_string },
    });
    expect(
      await refusedAs({ provider: "webhook", credentials: { type: "sas", connection_string: HUB } }),
    ).toBe("provider: 'webhook' incompatible with credential type 'sas'.");
    expect(await refusedAs({ provider: "webhook", credentials: {} })).toBe(
      "credentials: (type: cannot be blank.).",
    );
    expect(await refusedAs({ provider: "webhook", credentials: { type: "http" } })).toBe(
      "credentials: (http: (url: cannot be blank.).).",
    );
    expect(
      await refusedAs({ provider: "iot-core", credentials: { type: "aws", aws: { region: "r" } } }),
    ).toBe(
      "credentials: (aws: (access_key_id: cannot be blank; device_policy_name: cannot be blank; secret_access_key: cannot be blank.).).",
    );
    expect(await refusedAs(webhook(undefined, "xyz"))).toBe("value error: 'xyz' is not a hexadecimal string");
    expect(await refusedAs(webhook(undefined, "<omitted>"))).toBe(
      "value error: '<omitted>' is not a hexadecimal string",
    );
    expect(await refusedAs(sas(`${HUB};GatewayHostName=x`))).toBe(
      "invalid connection string key: GatewayHostName",
    );
    expect(await refusedAs(sas(HUB.replace("acme.azure-devices.net", "evil.example.com")))).toBe(
      "hostname does not refer to a trusted domain",
    );
    expect(await refusedAs(sas(HUB.replace("acme.azure", "a.b.azure")))).toBe(
      "hostname does not refer to a trusted domain",
    );
    expect(await refusedAs(sas(HUB.replace("c3VwZXJzZWNyZXRrZXk=", "c3Vw...<omitted>")))).toBe(
      "SharedAccessKey is not a base64 string",
    );
    expect(
      await refusedAs({
        provider: "iot-core",
        credentials: { type: "aws", aws: { ...aws, region: "evil.example.com/" } },
      }),
    ).toMatch(/region/);
    expect(await refusedAs({ ...webhook(), description: "a".repeat(1025) })).toBe(
      "description: the length must be no more than 1024.",
    );
    expect(await refusedAs({ ...webhook(), scopes: ["users"] })).toMatch(/scopes/);
    expect(await rowsOf("SELECT * FROM iot_integrations")).toEqual([]);
    server.configure({ LOCAL: "false" });
    for (const url of [
      "https://10.0.0.1/",
      "https://[::ffff:127.0.0.1]/",
      "https://edgemend.test/",
      "https://localhost/",
    ])
      expect(await refusedAs(webhook(url))).toBe("hostname resolves to reserved address");
    expect(await refusedAs(webhook("http://hooks.example.com/"))).toBe(
      "credentials: (http: (url: only https addresses are called.).).",
    );
    expect(refusal(await call("GET", "/integrations/x"))).toEqual([
      400,
      "integration ID must be a valid UUID: ID is not a valid UUID",
    ]);
  });

  it("are for administrators to change and for all to see, but not what happened", async () => {
    const id = await add(webhook());
    const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
    expect((await call("GET", "/integrations", undefined, observer)).json()).toHaveLength(1);
    for (const [method, path] of [
      ["POST", "/integrations"],
      ["DELETE", `/integrations/${id}`],
      ["PUT", `/integrations/${id}/credentials`],
      ["GET", "/events"],
    ] as const)
      expect((await call(method, path, method === "GET" ? undefined : {}, observer)).status).toBe(403);
  });
});

describe("a webhook", () => {
  it("is told of the life of a device, signed, in the order of what happened [differs: event-time]", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    const sent = onlyReceivers(receiver);
    const id = await add(webhook(receiver.url, SECRET));
    const device = new SigningDevice({ mac: "a" });
    const { id: one, set } = await devices.admit(device);
    await devices.putStatus(one, set, "rejected");
    await devices.putStatus(one, set, "accepted");
    await devices.call("DELETE", `/devices/${one}`);
    expect(sent).toEqual([]);
    await server.deliverEvents();
    const status = (name: string) => ["device-status-changed", { id: one, status: name }];
    expect(receiver.events.map(({ type, data }) => [type, data])).toEqual([
      status("pending"),
      [
        "device-provisioned",
        {
          id: one,
          status: "accepted",
          auth_sets: [
            {
              id: set,
              device_id: one,
              identity_data: { mac: "a" },
              pubkey: device.pem,
              status: "accepted",
              ts: expect.stringMatching(/Z$/),
            },
          ],
          created_ts: expect.stringMatching(/Z$/),
        },
      ],
      status("accepted"),
      status("rejected"),
      status("accepted"),
      ["device-decommissioned", { id: one }],
    ]);
    const key = await crypto.subtle.importKey(
      "raw",
      Buffer.from(SECRET, "hex"),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    for (const { method, headers, body } of receiver.got) {
      const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body));
      expect([method, headers]).toEqual([
        "POST",
        {
          "content-type": "application/json",
          "x-men-algorithm": "MEN-HMAC-SHA256-Payload",
          "x-men-signature": Buffer.from(signature).toString("hex"),
        },
      ]);
    }
    const logged = await events();
    expect(logged.map(({ id: event }) => event)).toEqual(
      receiver.events.map(({ id: event }) => event).toReversed(),
    );
    expect(logged[0]).toEqual({
      ...receiver.events.at(-1),
      delivery_statuses: [{ integration_id: id, success: true, status_code: 200 }],
    });
    expect(logged[0]!.id).toMatch(UUID);
    expect((await events("?per_page=1&page=2"))[0]).toEqual(logged[1]);
    expect(await events(`?integration_id=${id}`)).toHaveLength(6);
    expect(await events(`?integration_id=${crypto.randomUUID()}`)).toEqual([]);
    expect(refusal(await call("GET", "/events?integration_id=x"))[0]).toBe(400);
    expect((await call("GET", "/events")).headers.get("x-total-count")).toBeNull();
  });

  it("says of a preauthorised device that it is decommissioned, and of no status that stays", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    onlyReceivers(receiver);
    await add(webhook(receiver.url, ""));
    const device = new SigningDevice({ mac: "b" });
    const made = await devices.call("POST", "/devices", { identity_data: { mac: "b" }, pubkey: device.pem });
    expect(made.status).toBe(201);
    const expected = await devices.onlyDevice();
    await devices.call("DELETE", `/devices/${expected.id}/auth/${expected.auth_sets[0]!.id}`);
    await server.deliverEvents();
    expect(receiver.events.map(({ type, data }) => [type, data.status])).toEqual([
      ["device-status-changed", "preauthorized"],
      ["device-status-changed", "decommissioned"],
    ]);
    // An empty secret signs, with an empty key.
    expect(receiver.got[0]!.headers["x-men-signature"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("that is down gets everything once and in order when it is back, and holds up no other [differs: webhook-retries]", async () => {
    const [down, up] = [new Receiver("https://down.example.com/"), new Receiver("https://up.example.com/")];
    onlyReceivers(down, up);
    const [downId] = [await add(webhook(down.url)), await add(webhook(up.url))];
    down.isAway = true;
    const fleet = await Promise.all([1, 2, 3].map((i) => devices.admit(new SigningDevice({ mac: `d${i}` }))));
    await server.deliverEvents();
    expect(up.events).toHaveLength(9);
    for (let hour = 0; hour < 24; hour += 4) {
      server.advance(4 * HOUR_MS);
      await sweep();
      const { id, set } = fleet[(hour / 4) % 3]!;
      await devices.putStatus(id, set, hour < 12 ? "rejected" : "accepted");
    }
    await server.deliverEvents();
    const failed = (await events("?per_page=500")).at(-1)!;
    expect(failed.delivery_statuses.find(({ integration_id }) => integration_id === downId)).toMatchObject({
      success: false,
      error: "client: the connection failed",
    });
    expect(down.got.length).toBeLessThan(30);
    down.isAway = false;
    down.clear();
    server.advance(HOUR_MS);
    await sweep();
    const told = (receiver: Receiver) =>
      fleet.map(({ id }) => receiver.events.filter(({ data }) => data.id === id).map((event) => event.id));
    expect(told(down)).toEqual(told(up));
    expect(down.events).toHaveLength(up.events.length);
    const all = await events("?per_page=500");
    expect(all.every(({ delivery_statuses }) => delivery_statuses.every(({ success }) => success))).toBe(
      true,
    );
    server.advance(7 * 24 * HOUR_MS + 1);
    admin = await aUser(server);
    expect(await events()).toEqual([]);
  }, 60_000);

  it("that refuses one event for three days misses that one; devices do not wait for each other", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    onlyReceivers(receiver);
    const id = await add(webhook(receiver.url));
    const poison = await devices.admit(new SigningDevice({ mac: "poison" }));
    const answer = receiver.answer.bind(receiver);
    receiver.answer = (request) => {
      receiver.status = request.body.includes(poison.id) ? 422 : 200;
      return answer(request);
    };
    await server.deliverEvents();
    const fine = await devices.admit(new SigningDevice({ mac: "fine" }));
    server.advance(HOUR_MS);
    await sweep();
    const took = () => receiver.got.filter(({ body }) => body.includes(fine.id)).length;
    expect(took()).toBe(3);
    expect(new Set(receiver.events.filter(({ data }) => data.id === poison.id).map((e) => e.id)).size).toBe(
      1,
    );
    for (let hour = 0; hour < 96; hour += 12) {
      server.advance(12 * HOUR_MS);
      await sweep();
    }
    const lost = (await events()).filter(({ data }) => data.id === poison.id);
    expect(lost).toHaveLength(3);
    expect(lost.map(({ delivery_statuses }) => delivery_statuses)).toEqual(
      lost.map(() => [expect.objectContaining({ integration_id: id, success: false })]),
    );
    expect((await rowsOf("SELECT waiting_ms, leased_ms FROM event_receivers"))[0]).toEqual({
      waiting_ms: null,
      leased_ms: 0,
    });
  }, 60_000);

  it("is not told twice by two deliveries at once, and goes on after a run that broke off", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    onlyReceivers(receiver);
    await add(webhook(receiver.url));
    await devices.admit(new SigningDevice({ mac: "a" }));
    await Promise.all([server.deliverEvents(), sweep(), sweep()]);
    expect(receiver.events).toHaveLength(3);
    const { id, set } = { ...(await devices.onlyDevice()), set: "" };
    await devices.putStatus(id, (await devices.onlyDevice()).auth_sets[0]!.id, "rejected");
    expect(set).toBe("");
    // As a run leaves it that ended with its process.
    await env.DB.prepare("UPDATE event_receivers SET leased_ms = ?1, waiting_ms = ?1")
      .bind(server.now + 60_000)
      .run();
    await server.deliverEvents();
    expect(receiver.events).toHaveLength(3);
    server.advance(60_001);
    await sweep();
    expect(receiver.events).toHaveLength(4);
  });

  it("hears of attributes where it wants to, as they change", async () => {
    const [all, some] = [new Receiver("https://a.example.com/"), new Receiver("https://b.example.com/")];
    onlyReceivers(all, some);
    await add({ ...webhook(all.url), scopes: ["deviceauth", "inventory"] });
    await add(webhook(some.url));
    const device = await aDevice(server);
    const report = (value: string) =>
      server.call("PATCH", "/api/devices/v1/inventory/device/attributes", {
        token: device.token,
        json: [
          { name: "os", value },
          { name: "cpu", value: "arm" },
        ],
      });
    for (const value of ["a", "a", "b"]) expect((await report(value)).status).toBe(200);
    const tags = `/api/management/v1/inventory/devices/${device.id}/tags`;
    await server.call("PUT", tags, { token: admin.token, json: [{ name: "foo", value: "bar" }] });
    await server.deliverEvents();
    const attribute = (scope: string, name: string, value: string) => ({
      scope,
      name,
      value,
      key: `${scope}-${name}`,
    });
    expect(all.events.map(({ type, data }) => [type, data])).toEqual(
      [
        [attribute("inventory", "os", "a"), attribute("inventory", "cpu", "arm")],
        [attribute("inventory", "os", "b")],
        [attribute("tags", "foo", "bar")],
      ].map((inventory) => [
        "device-inventory-changed",
        { device_id: device.id, tenant_id: "default", inventory },
      ]),
    );
    expect(some.events).toEqual([]);
  });

  it("does not hear of what was before it, and nothing is sent where there is none", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    const sent = onlyReceivers(receiver);
    await devices.admit(new SigningDevice({ mac: "a" }));
    await server.deliverEvents();
    server.advance(1);
    await add(webhook(receiver.url));
    expect([await events(), sent]).toEqual([[], []]);
    await devices.admit(new SigningDevice({ mac: "b" }));
    await server.deliverEvents();
    expect([(await events()).length, sent.length]).toEqual([3, 3]);
  });
});

describe("the internal API", () => {
  it("takes what device authentication of the original tells, and answers before anything is sent", async () => {
    const receiver = new Receiver("https://hooks.example.com/a");
    const sent = onlyReceivers(receiver);
    await add(webhook(receiver.url));
    for (const probe of ["alive", "health"]) expect((await internal("GET", `/${probe}`)).status).toBe(204);
    const device = { id: "d1", status: "accepted", auth_sets: [], created_ts: "2026-01-02T03:04:05Z" };
    const answers = [
      await internal("POST", "/tenants/default/devices", device),
      await internal("POST", "/tenants/default/devices", { device_id: "d2", id: "other" }),
      await internal("PUT", "/tenants/default/bulk/devices/status/rejected", [{ id: "d1" }, { id: "d2" }]),
      await internal("DELETE", "/tenants/default/devices/d1"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(sent).toEqual([]);
    await server.deliverEvents();
    expect(
      receiver.events.filter(({ data }) => data.id === "d1").map(({ type, data }) => [type, data]),
    ).toEqual([
      ["device-provisioned", device],
      ["device-status-changed", { id: "d1", status: "rejected" }],
      ["device-decommissioned", { id: "d1" }],
    ]);
    expect(refusal(await internal("POST", "/tenants/default/devices", {}))).toEqual([
      400,
      "missing device ID",
    ]);
    expect(refusal(await internal("PUT", "/tenants/default/bulk/devices/status/odd", []))).toEqual([
      400,
      "invalid status 'odd'",
    ]);
    const many = Array.from({ length: 101 }, (_, i) => ({ id: `d${i}` }));
    expect(refusal(await internal("PUT", "/tenants/default/bulk/devices/status/accepted", many))).toEqual([
      400,
      "malformed request body: too many bulk items: max 100 items per request",
    ]);
    expect((await internal("DELETE", "/tenants/default")).status).toBe(204);
    expect([(await call("GET", "/integrations")).json(), await events()]).toEqual([[], []]);
  });

  it("keeps tenants apart", async () => {
    const [mine, others] = [new Receiver("https://a.example.com/"), new Receiver("https://b.example.com/")];
    onlyReceivers(mine, others);
    const other = await aUser(server, { tenant: "other" });
    await add(webhook(mine.url));
    await add(webhook(others.url), other);
    await aDevice(server, { tenant: "other", id: "d9" });
    await internal("PUT", "/tenants/other/bulk/devices/status/accepted", [{ id: "d9" }]);
    await server.deliverEvents();
    expect([mine.got.length, others.got.length, await events()]).toEqual([0, 1, []]);
  });
});
