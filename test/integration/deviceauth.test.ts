import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aTenant, aUser, type TestUser } from "../support/actors.ts";
import { refusal } from "../support/answers.ts";
import { claimsOf, DEVAUTH, DeviceAdmin, isLive, type WireDevice } from "../support/device-auth.ts";
import { afterStart, env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { KEY_TYPES, SigningDevice } from "../support/signing-device.ts";

let server: Server;
let user: TestUser;
let admin: DeviceAdmin;
beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  admin = new DeviceAdmin(server, user);
});

const rowsOf = async (table: string) =>
  (await env.DB.prepare(`SELECT * FROM ${table}`).all<Record<string, unknown>>()).results;

const auditActions = async () =>
  (await rowsOf("audit_log")).map((row) => row.action).filter((action) => action !== "create");

const events = async () =>
  (await rowsOf("outbox"))
    .sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
    .map((row) => ({ kind: row.kind, subject: row.subject, ...JSON.parse(String(row.data)) }));

const setLimit = (name: string, value: number, tenant = "default") =>
  env.DB.prepare("INSERT OR REPLACE INTO tenant_limits (tenant_id, name, value) VALUES (?, ?, ?)")
    .bind(tenant, name, value)
    .run();

describe("authentication request", () => {
  it.each(KEY_TYPES)("admits a device with a key of type %s once a user accepts it", async (type) => {
    const device = new SigningDevice({ mac: "00:01", sn: type }, type);
    const first = await device.ask(server);
    expect(refusal(first)).toEqual([401, "dev auth: unauthorized"]);
    const pending = await admin.onlyDevice();
    expect(pending).toMatchObject({ status: "pending", identity_data: { mac: "00:01", sn: type } });
    expect((await admin.putStatus(pending.id, pending.auth_sets[0]!.id, "accepted")).status).toBe(204);
    const second = await device.ask(server);
    expect([second.status, second.headers.get("content-type")]).toEqual([200, "application/jwt"]);
    expect(await isLive(server, second.text)).toBe(true);
  });

  it("issues a token with the claims of the wire and no more [differs: token-claims]", async () => {
    const device = new SigningDevice({ mac: "1" });
    const { id, set } = await admin.admit(device);
    const nowS = Math.floor(server.now / 1000);
    expect(claimsOf((await device.ask(server)).text)).toEqual({
      jti: set,
      sub: id,
      iss: "Mender",
      iat: nowS,
      exp: nowS + 604_800,
      "mender.device": true,
      "mender.tenant": "default",
      "mender.plan": "enterprise",
    });
  });

  it("changes nothing when a pending device asks again", async () => {
    const device = new SigningDevice({ mac: "1" });
    await device.ask(server);
    const before = await admin.onlyDevice();
    server.advance(60_000);
    expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
    expect(await admin.onlyDevice()).toEqual(before);
  });

  it("takes identities as objects and keys without their line ends", async () => {
    const device = new SigningDevice({ sn: "1", mac: "a&b", nested: { y: 1, x: [1.0] } });
    await admin.admit(device);
    const answer = await device.ask(server, {
      id_data: '{ "nested": {"x":[1], "y":1.0}, "mac":"a\\u0026b", "sn":"1"}',
      pubkey: device.pem.trimEnd().replaceAll("\n", "\r\n"),
    });
    expect(answer.status).toBe(200);
  });

  it("verifies the signature over the raw bytes, trailing newline and odd text included", async () => {
    const device = new SigningDevice({ name: 'Grüße "x" 😀' });
    await admin.admit(device);
    const raw = `  ${device.body({ future_field: 1 })}\n`;
    expect((await device.send(server, raw)).status).toBe(200);
    const stale = await device.send(server, raw, { "X-MEN-Signature": device.signature(raw.trim()) });
    expect(refusal(stale)).toEqual([401, "signature verification failed"]);
  });

  it("matches member names in any case and ignores the Authorization header", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.admit(device);
    const body = JSON.stringify({ ID_Data: '{"mac":"1"}', PubKey: device.pem, Tenant_Token: "" });
    expect((await device.send(server, body, { Authorization: "Bearer " })).status).toBe(200);
    expect((await device.send(server, body, { Authorization: "x y z" })).status).toBe(200);
  });

  it("takes a content type with parameters", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.admit(device);
    const answer = await device.send(server, device.body(), {
      "Content-Type": "application/json; charset=utf-8",
    });
    expect(answer.status).toBe(200);
  });

  it("takes null as an empty identity", async () => {
    const device = new SigningDevice("null");
    expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
    expect((await admin.onlyDevice()).identity_data).toEqual({});
  });

  it("gives an unknown key on an accepted device a pending set and leaves the device alone", async () => {
    const owner = new SigningDevice({ mac: "1" });
    await admin.admit(owner);
    const token = (await owner.ask(server)).text;
    const other = new SigningDevice({ mac: "1" }, "P-256");
    expect(refusal(await other.ask(server))).toEqual([401, "dev auth: unauthorized"]);
    const device = await admin.onlyDevice();
    expect(device.status).toBe("accepted");
    expect(device.auth_sets.map(({ status }) => status)).toEqual(["accepted", "pending"]);
    expect(await isLive(server, token)).toBe(true);
    expect((await owner.ask(server)).status).toBe(200);
  });

  it("returns a rejected device with a new key to pending", async () => {
    await admin.admit(new SigningDevice({ mac: "1" }), "rejected");
    await new SigningDevice({ mac: "1" }).ask(server);
    expect((await admin.onlyDevice()).status).toBe("pending");
  });

  it("gives each tier of the same key a set of its own", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.admit(device);
    expect((await device.ask(server, { tier: "standard" })).status).toBe(200);
    expect((await device.ask(server, { tier: "micro" })).status).toBe(401);
    const { auth_sets: sets, tier } = await admin.onlyDevice();
    expect([tier, sets.map((set) => set.tier)]).toEqual(["standard", ["standard", "micro"]]);
  });

  const good = new SigningDevice({ mac: "1" });
  const x25519 =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAT9y5LEt4DwSG3H5C/fRjLHIeszZkRdyWgj/w7XgpNBI=\n-----END PUBLIC KEY-----\n";
  it.each([
    ["an empty body", "", "failed to decode auth request: EOF"],
    ["a wrong type", '{"id_data":1}', "failed to decode auth request: id_data: must be a string."],
    ["a list", "[]", "failed to decode auth request: must be a JSON object"],
    ["null", "null", "invalid auth request: id_data must be provided"],
    ["no identity", good.body({ id_data: null }), "invalid auth request: id_data must be provided"],
    ["no key", good.body({ pubkey: "" }), "invalid auth request: pubkey must be provided"],
    ["text for a key", good.body({ pubkey: "abc" }), "invalid auth request: cannot decode public key"],
    [
      "a key with another label",
      good.body({ pubkey: good.pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY") }),
      "invalid auth request: cannot decode public key",
    ],
    [
      "a key on one line",
      good.body({ pubkey: good.pem.replaceAll("\n", " ") }),
      "invalid auth request: cannot decode public key",
    ],
    [
      "a key that cannot sign",
      good.body({ pubkey: x25519 }),
      "invalid auth request: unrecognized public key type",
    ],
    [
      "an identity list",
      good.body({ id_data: "[]" }),
      "invalid auth request: id_data: must be a JSON object",
    ],
    [
      "an identity text",
      good.body({ id_data: '"x"' }),
      "invalid auth request: id_data: must be a JSON object",
    ],
    [
      "a number beyond all",
      good.body({ id_data: '{"a":1e999}' }),
      "invalid auth request: id_data: number out of range",
    ],
    [
      "an endless identity",
      good.body({ id_data: `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}` }),
      "invalid auth request: id_data: exceeded max depth",
    ],
  ])("refuses %s and stores nothing", async (_name, body, text) => {
    expect(refusal(await good.send(server, body))).toEqual([400, text]);
    expect(await rowsOf("devices")).toEqual([]);
  });

  it.each(["{", "not json", '{"id_data": "x"', "\uFEFF{}"])("refuses the malformed body %j", async (body) => {
    const answer = await good.send(server, body);
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(/^failed to decode auth request: ./);
  });

  it("refuses an identity that is not JSON with the parser's text", async () => {
    const answer = await good.ask(server, { id_data: "{mac" });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(/^invalid auth request: ./);
  });

  it("checks fields before the signature and the signature before anything stored", async () => {
    const body = good.body();
    const unsigned = await good.send(server, body, { "X-MEN-Signature": "" });
    expect(refusal(unsigned)).toEqual([400, "missing request signature header"]);
    for (const signature of [
      "x",
      "not base64!",
      good.signature(`${body} `),
      good.signature(body).replace(/=+$/, ""),
    ]) {
      const answer = await good.send(server, body, { "X-MEN-Signature": signature });
      expect(refusal(answer)).toEqual([401, "signature verification failed"]);
    }
    expect(await rowsOf("devices")).toEqual([]);
  });

  it("applies the content type rules", async () => {
    const text = await good.send(server, good.body(), { "Content-Type": "text/plain" });
    expect(refusal(text)).toEqual([415, "Bad Content-Type, expected 'application/json'"]);
    const odd = await good.send(server, good.body(), { "Content-Type": "json" });
    expect(odd.status).toBe(400);
    expect(odd.json().error).toMatch(/^Invalid value for Content-Type header: /);
  });

  it("refuses a body over a mebibyte", async () => {
    const answer = await good.ask(server, { filler: "x".repeat(1024 * 1024) });
    expect(refusal(answer)).toEqual([413, "http: request body too large"]);
  });
});

describe("tenant token", () => {
  it("puts a device into its tenant and no other", async () => {
    const tenant = await aTenant(server, "acme");
    const device = new SigningDevice({ mac: "1" });
    expect((await device.ask(server, { tenant_token: "token-of-acme" })).status).toBe(401);
    expect(await admin.devices()).toEqual([]);
    admin = new DeviceAdmin(server, await aUser(server, { tenant }));
    const { id } = await admin.onlyDevice();
    await admin.putStatus(id, (await admin.onlyDevice()).auth_sets[0]!.id, "accepted");
    const token = (await device.ask(server, { tenant_token: "token-of-acme" })).text;
    expect(claimsOf(token)).toMatchObject({ sub: id, "mender.tenant": "acme" });
    expect((await device.ask(server)).status).toBe(401);
  });

  it("means the default tenant where it is missing or empty [differs: unknown-tenant-token]", async () => {
    await new SigningDevice({ mac: "1" }).ask(server, { tenant_token: undefined });
    await new SigningDevice({ mac: "2" }).ask(server, { tenant_token: "" });
    expect(await admin.devices()).toHaveLength(2);
  });

  it("refuses an unknown token without a trace [differs: unknown-tenant-token]", async () => {
    const answer = await new SigningDevice({ mac: "1" }).ask(server, { tenant_token: "nobody's" });
    expect(refusal(answer)).toEqual([401, "dev auth: unauthorized"]);
    expect(await rowsOf("devices")).toEqual([]);
    expect(answer.cost).toMatchObject({ trips: 1, written: 0 });
  });

  it("refuses the devices of a suspended tenant and their tokens at once", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.admit(device);
    const token = (await device.ask(server)).text;
    const suspend = { token: OPERATOR_TOKEN, json: { status: "suspended" } };
    await server.call("PUT", "/api/operator/v1/tenants/default/status", suspend);
    expect(refusal(await device.ask(server))).toEqual([401, "Account suspended"]);
    expect(await isLive(server, token)).toBe(false);
  });
});

describe("budgets", () => {
  it("authenticates an accepted device in one round trip without a write [differs: dead-tokens]", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.admit(device);
    const { status, cost } = await device.ask(server);
    expect(status).toBe(200);
    expect(cost).toMatchObject({ trips: 1, written: 0 });
    expect(cost.read).toBeLessThanOrEqual(5);
  });

  it("refuses a known pending device in one round trip without a write", async () => {
    const device = new SigningDevice({ mac: "1" });
    await device.ask(server);
    const { cost } = await device.ask(server);
    expect(cost).toMatchObject({ trips: 1, written: 0 });
  });

  it("enrols an unknown device in two round trips", async () => {
    const { cost } = await new SigningDevice({ mac: "1" }).ask(server);
    expect(cost.trips).toBe(2);
  });
});

describe("races", () => {
  it("makes one device and one set of parallel first requests", async () => {
    const device = new SigningDevice({ mac: "1" });
    const answers = await Promise.all(Array.from({ length: 16 }, () => device.ask(server)));
    expect(answers.map(refusal)).toEqual(Array(16).fill([401, "dev auth: unauthorized"]));
    expect((await admin.onlyDevice()).auth_sets).toHaveLength(1);
    expect(await rowsOf("inventory_devices")).toHaveLength(1);
    expect(await rowsOf("outbox")).toHaveLength(1);
  });

  it("makes one device of parallel first requests with different keys", async () => {
    const keys = Array.from({ length: 16 }, () => new SigningDevice({ mac: "1" }));
    const answers = await Promise.all(keys.map((key) => key.ask(server)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(401));
    const { status, auth_sets: sets } = await admin.onlyDevice();
    expect([status, sets.length]).toEqual(["pending", 10]);
  });

  it("accepts a preauthorised device once when it asks twice at once", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    const answers = await Promise.all([device.ask(server), device.ask(server)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await events()).filter(({ status }) => status === "accepted")).toHaveLength(1);
  });

  it("lets exactly one of two limit-bound accepts win [differs: limit-races]", async () => {
    await setLimit("max_devices", 1);
    await new SigningDevice({ mac: "1" }).ask(server);
    await new SigningDevice({ mac: "2" }).ask(server);
    const answers = await Promise.all(
      (await admin.devices()).map(({ id, auth_sets: [set] }) => admin.putStatus(id, set!.id, "accepted")),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204, 422]));
    expect((await admin.call("GET", "/devices/count?status=accepted")).json()).toEqual({ count: 1 });
  });

  it("takes fifty changes of one device at once, and the last is what it is", async () => {
    await new SigningDevice({ mac: "1" }).ask(server);
    const {
      id,
      auth_sets: [set],
    } = await admin.onlyDevice();
    const wanted = ["accepted", "rejected", "pending"];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => admin.putStatus(id, set!.id, wanted[i % 3]!)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    const { status, auth_sets: sets } = await admin.onlyDevice();
    expect(sets.map((one) => one.status)).toEqual([status]);
    expect((await rowsOf("inventory_devices")).map((row) => row.status)).toEqual([status]);
  });

  it("leaves a device whole when it is accepted and decommissioned at once", async () => {
    await new SigningDevice({ mac: "1" }).ask(server);
    const {
      id,
      auth_sets: [set],
    } = await admin.onlyDevice();
    const [accepted, gone] = await Promise.all([
      admin.putStatus(id, set!.id, "accepted"),
      admin.call("DELETE", `/devices/${id}`),
    ]);
    expect([204, 404]).toContain(accepted.status);
    expect(gone.status).toBe(204);
    for (const table of ["devices", "auth_sets", "inventory_devices"])
      expect(await rowsOf(table)).toEqual([]);
  });
});

describe("listing devices", () => {
  beforeEach(async () => {
    for (const [id, status] of [
      ["d", "pending"],
      ["b", "rejected"],
      ["c", "accepted"],
      ["a", "pending"],
      ["e", "preauthorized"],
    ] as const)
      await aDevice(server, { id, status });
  });

  it("orders by status and then id", async () => {
    expect((await admin.devices()).map(({ id }) => id)).toEqual(["c", "a", "d", "e", "b"]);
  });

  it("shows a device as the wire has it [differs: decommission-at-once, tier-and-flags]", async () => {
    const [device] = await admin.devices("?id=c");
    const time = afterStart();
    expect(device).toEqual({
      id: "c",
      identity_data: { mac: "c" },
      status: "accepted",
      tier: "standard",
      decommissioning: false,
      created_ts: time,
      updated_ts: time,
      flags: { test_device: false },
      auth_sets: [
        {
          id: expect.any(String),
          identity_data: { mac: "c" },
          pubkey: "key of c",
          ts: time,
          status: "accepted",
          tier: "standard",
        },
      ],
    });
  });

  it("takes a device of an unknown tier for a standard one", async () => {
    const device = new SigningDevice({ mac: "mega" });
    expect((await device.ask(server, { tier: "mega" })).status).toBe(401);
    const list = await admin.call("GET", "/devices");
    const found = list.json<(WireDevice & { tier: string; identity_data: { mac?: string } })[]>();
    expect(found.find(({ identity_data: { mac } }) => mac === "mega")).toMatchObject({ tier: "standard" });
  });

  it.each([
    ["?page=&per_page=", ["c", "a", "d", "e", "b"]],
    ["?status=pending", ["a", "d"]],
    ["?status=pending&status=accepted", ["c", "a", "d"]],
    ["?id=b&id=d&id=unknown", ["d", "b"]],
    ["?id=b&id=d&status=rejected", ["b"]],
    ["?status=noauth", []],
    ["?page=2&per_page=2", ["d", "e"]],
    ["?page=9", []],
  ])("filters by %s", async (query, ids) => {
    expect((await admin.devices(query)).map(({ id }) => id)).toEqual(ids);
  });

  it("links pages and sends no total", async () => {
    const { headers } = await admin.call("GET", "/devices?per_page=2&page=2");
    const link = (page: number, rel: string) => `<${DEVAUTH}/devices?page=${page}&per_page=2>; rel="${rel}"`;
    expect(headers.get("link")).toBe([link(1, "first"), link(1, "prev"), link(3, "next")].join(", "));
    expect(headers.get("x-total-count")).toBeNull();
    const last = await admin.call("GET", "/devices?per_page=5");
    expect(last.headers.get("link")).not.toContain("next");
  });

  it.each([
    ["?status=", "filter status must be one of: accepted, pending, rejected, preauthorized or noauth"],
    ["?status=odd", "filter status must be one of: accepted, pending, rejected, preauthorized or noauth"],
    ["?page=0", "invalid page query: value must be a non-zero positive integer"],
    ["?per_page=x", 'invalid per_page query: "x"'],
    ["?per_page=501", 'parameter "per_page" above limit (max: 500)'],
  ])("refuses %s", async (query, text) => {
    expect(refusal(await admin.call("GET", `/devices${query}`))).toEqual([400, text]);
  });

  it.each([
    [{}, ["c", "a", "d", "e", "b"]],
    [{ status: "pending" }, ["a", "d"]],
    [{ status: ["pending", "rejected"], id: ["a", "b", "c"] }, ["a", "b"]],
    [{ id: "b" }, ["b"]],
    [{ id: [] }, []],
    [{ status: "odd" }, []],
    [{ status: ["odd", "accepted"] }, ["c"]],
    [{ status: null }, ["c", "a", "d", "e", "b"]],
  ])("searches for %j", async (body, ids) => {
    const answer = await admin.call("POST", "/devices/search", body);
    expect(answer.json<WireDevice[]>().map(({ id }) => id)).toEqual(ids);
  });

  it("pages a search by the query", async () => {
    const body = { status: ["pending", "rejected"] };
    const answer = await admin.call("POST", "/devices/search?per_page=1", body);
    expect(answer.json<WireDevice[]>().map(({ id }) => id)).toEqual(["a"]);
    expect(answer.headers.get("link")).toContain('page=2&per_page=1>; rel="next"');
  });

  it.each([
    [
      { status: 1 },
      "api: malformed request body: invalid JSON type for 'status': must be string or []string",
    ],
    [{ id: ["a", 2] }, "api: malformed request body: invalid JSON type for 'id': must be string or []string"],
  ])("refuses the search %j", async (body, text) => {
    expect(refusal(await admin.call("POST", "/devices/search", body))).toEqual([400, text]);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded"])("refuses a search as %s", async (type) => {
    const answer = await server.call("POST", `${DEVAUTH}/devices/search`, {
      token: user.token,
      body: "status=pending",
      headers: { "Content-Type": type },
    });
    expect(refusal(answer)).toEqual([415, "Bad Content-Type, expected 'application/json'"]);
  });

  it("counts without looking at devices", async () => {
    const all = await admin.call("GET", "/devices/count");
    expect(all.json()).toEqual({ count: 5 });
    expect((await admin.call("GET", "/devices/count?status=pending")).json()).toEqual({ count: 2 });
    expect((await admin.call("GET", "/devices/count?status=noauth")).json()).toEqual({ count: 0 });
    expect(refusal(await admin.call("GET", "/devices/count?status=x"))).toEqual([
      400,
      "status must be one of: pending, accepted, rejected, preauthorized, noauth",
    ]);
  });

  it("shows one device and says which it does not know", async () => {
    expect((await admin.call("GET", "/devices/a")).json()).toMatchObject({ id: "a", status: "pending" });
    expect(refusal(await admin.call("GET", "/devices/x"))).toEqual([404, "device not found"]);
  });
});

describe("status of a set", () => {
  it("rejects the old set when another is accepted, and the old token fails at once", async () => {
    const old = new SigningDevice({ mac: "1" });
    await admin.admit(old);
    const oldToken = (await old.ask(server)).text;
    const rekeyed = new SigningDevice({ mac: "1" });
    await admin.admit(rekeyed);
    expect((await admin.onlyDevice()).auth_sets.map(({ status }) => status)).toEqual([
      "rejected",
      "accepted",
    ]);
    expect(await isLive(server, oldToken)).toBe(false);
    expect((await old.ask(server)).status).toBe(401);
    expect(await isLive(server, (await rekeyed.ask(server)).text)).toBe(true);
  });

  it.each(["rejected", "pending"])(
    "kills tokens for good when an accepted device becomes %s",
    async (status) => {
      const device = new SigningDevice({ mac: "1" });
      const { id, set } = await admin.admit(device);
      const token = (await device.ask(server)).text;
      expect((await admin.putStatus(id, set, status)).status).toBe(204);
      expect(await isLive(server, token)).toBe(false);
      expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
      await admin.putStatus(id, set, "accepted");
      expect(await isLive(server, token)).toBe(false);
      expect(await isLive(server, (await device.ask(server)).text)).toBe(true);
    },
  );

  it("changes nothing when the status is asked for again", async () => {
    const { id, set } = await admin.admit(new SigningDevice({ mac: "1" }));
    const before = [await rowsOf("devices"), await rowsOf("outbox"), await rowsOf("audit_log")];
    expect((await admin.putStatus(id, set, "accepted")).status).toBe(204);
    expect([await rowsOf("devices"), await rowsOf("outbox"), await rowsOf("audit_log")]).toEqual(before);
  });

  it("shows the status whatever device the path names", async () => {
    const { set } = await admin.admit(new SigningDevice({ mac: "1" }));
    expect((await admin.call("GET", `/devices/any/auth/${set}/status`)).json()).toEqual({
      status: "accepted",
    });
    expect(refusal(await admin.call("GET", "/devices/any/auth/none/status"))).toEqual([
      404,
      "authorization set not found",
    ]);
  });

  it("refuses what is not a status, not this device's or not there", async () => {
    const one = await admin.admit(new SigningDevice({ mac: "1" }));
    const two = await admin.admit(new SigningDevice({ mac: "2" }));
    for (const status of ["preauthorized", "noauth", "", null])
      expect(refusal(await admin.putStatus(one.id, one.set, status))).toEqual([
        400,
        "incorrect device status",
      ]);
    expect(refusal(await admin.putStatus(one.id, two.set, "rejected"))).toEqual([
      400,
      "dev auth: dev ID and auth ID mismatch",
    ]);
    expect(refusal(await admin.putStatus(one.id, "none", "rejected"))).toEqual([
      404,
      "authorization set not found",
    ]);
    const odd = await admin.putStatus(one.id, one.set, 7);
    expect(refusal(odd)).toEqual([400, "failed to decode status data: status: must be a string."]);
    const broken = await server.call("PUT", `${DEVAUTH}/devices/${one.id}/auth/${one.set}/status`, {
      token: user.token,
      body: "{",
      headers: { "Content-Type": "application/json" },
    });
    expect(broken.json().error).toMatch(/^failed to decode status data: ./);
  });

  it("leaves a preauthorised set to its device", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    const {
      id,
      auth_sets: [set],
    } = await admin.onlyDevice();
    for (const status of ["accepted", "rejected", "pending"])
      expect(refusal(await admin.putStatus(id, set!.id, status))).toEqual([400, "dev auth: bad request"]);
  });

  it("tells inventory, followers and the audit log", async () => {
    const device = new SigningDevice({ mac: "1", status: "ignored" });
    const { id, set } = await admin.admit(device);
    await admin.putStatus(id, set, "rejected");
    await admin.putStatus(id, set, "accepted");
    expect(await events()).toEqual([
      { kind: "device.status_changed", subject: id, status: "pending", previous: null, revision: 1 },
      { kind: "device.status_changed", subject: id, status: "accepted", previous: "pending", revision: 2 },
      { kind: "device.status_changed", subject: id, status: "rejected", previous: "accepted", revision: 3 },
      { kind: "device.status_changed", subject: id, status: "accepted", previous: "rejected", revision: 4 },
    ]);
    expect(await auditActions()).toEqual(["accept", "reject", "accept"]);
    const [entry] = await rowsOf("audit_log");
    expect(entry).toMatchObject({ actor_id: user.id, object_type: "device", object_id: id });
    expect(JSON.parse(String(entry!.object))).toEqual({
      device: { identity_data: '{"mac":"1","status":"ignored"}' },
    });
    expect(await rowsOf("inventory_devices")).toMatchObject([
      { device_id: id, status: "accepted", status_revision: 4, tier: "standard" },
    ]);
  });
});

describe("dismissing a set", () => {
  it("leaves a device without sets as noauth", async () => {
    const device = new SigningDevice({ mac: "1" });
    const { id, set } = await admin.admit(device);
    const token = (await device.ask(server)).text;
    expect((await admin.call("DELETE", `/devices/${id}/auth/${set}`)).status).toBe(204);
    expect(await admin.onlyDevice()).toMatchObject({ id, status: "noauth", auth_sets: [] });
    expect(await isLive(server, token)).toBe(false);
    expect((await device.ask(server)).status).toBe(401);
    expect(await admin.onlyDevice()).toMatchObject({ id, status: "pending" });
  });

  it("leaves the device its other sets", async () => {
    await admin.admit(new SigningDevice({ mac: "1" }));
    await new SigningDevice({ mac: "1" }).ask(server);
    const { id, auth_sets: sets } = await admin.onlyDevice();
    await admin.call("DELETE", `/devices/${id}/auth/${sets[1]!.id}`);
    expect(await admin.onlyDevice()).toMatchObject({
      id,
      status: "accepted",
      auth_sets: [{ id: sets[0]!.id }],
    });
  });

  it("removes a device that was only preauthorised", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    const {
      id,
      auth_sets: [set],
    } = await admin.onlyDevice();
    await admin.call("DELETE", `/devices/${id}/auth/${set!.id}`);
    expect(await admin.devices()).toEqual([]);
    expect(await rowsOf("inventory_devices")).toEqual([]);
    expect((await events()).at(-1)).toMatchObject({ kind: "device.decommissioned", subject: id });
    expect(await auditActions()).toEqual(["preauthorize", "dismiss"]);
  });

  it("answers an unknown set with an empty 404", async () => {
    const answer = await admin.call("DELETE", "/devices/x/auth/y");
    expect([answer.status, answer.text]).toEqual([404, ""]);
  });
});

describe("decommissioning", () => {
  it("removes the device everywhere and the next request makes another [differs: decommission-at-once]", async () => {
    const device = new SigningDevice({ mac: "1" });
    const { id } = await admin.admit(device);
    const token = (await device.ask(server)).text;
    expect((await admin.call("DELETE", `/devices/${id}`)).status).toBe(204);
    expect(await isLive(server, token)).toBe(false);
    expect((await admin.call("GET", `/devices/${id}`)).status).toBe(404);
    for (const table of ["devices", "auth_sets", "inventory_devices"])
      expect(await rowsOf(table)).toEqual([]);
    expect((await events()).at(-1)).toEqual({
      kind: "device.decommissioned",
      subject: id,
      status: "accepted",
      revision: 2,
    });
    expect(await auditActions()).toEqual(["accept", "decommission"]);
    expect(refusal(await device.ask(server))).toEqual([401, "dev auth: unauthorized"]);
    const next = await admin.onlyDevice();
    expect(next.status).toBe("pending");
    expect(next.id).not.toBe(id);
  });

  it("answers an unknown device with an empty 404", async () => {
    const answer = await admin.call("DELETE", "/devices/x");
    expect([answer.status, answer.text]).toEqual([404, ""]);
  });
});

describe("preauthorising", () => {
  const device = new SigningDevice({ sn: "1", mac: "a" }, "P-384");
  const body = { identity_data: { mac: "a", sn: "1" }, pubkey: `${device.pem}\n` };

  it("lets the device in at its first request", async () => {
    const answer = await admin.call("POST", "/devices", body);
    const { id } = await admin.onlyDevice();
    expect([answer.status, answer.text, answer.headers.get("location")]).toEqual([201, "", `devices/${id}`]);
    expect(await admin.onlyDevice()).toMatchObject({ status: "preauthorized" });
    const token = await device.ask(server);
    expect(token.status).toBe(200);
    expect(await isLive(server, token.text)).toBe(true);
    expect(await admin.onlyDevice()).toMatchObject({
      id,
      status: "accepted",
      auth_sets: [{ status: "accepted" }],
    });
    expect((await events()).map(({ kind, status }) => [kind, status])).toEqual([
      ["device.status_changed", "preauthorized"],
      ["device.status_changed", "accepted"],
    ]);
    expect(await auditActions()).toEqual(["preauthorize", "accept"]);
  });

  it("answers a known identity with its device and changes nothing", async () => {
    await device.ask(server);
    const before = await rowsOf("auth_sets");
    const answer = await admin.call("POST", "/devices", body);
    expect(answer.status).toBe(409);
    expect(answer.json()).toEqual({ ...(await admin.onlyDevice()), auth_sets: null });
    expect(await rowsOf("auth_sets")).toEqual(before);
  });

  it("turns a known set when forced and leaves the device's status", async () => {
    await admin.admit(device, "rejected");
    const answer = await admin.call("POST", "/devices", { ...body, force: true });
    expect(answer.status).toBe(201);
    const known = await admin.onlyDevice();
    expect(answer.headers.get("location")).toBe(`devices/${known.id}`);
    expect(known).toMatchObject({ status: "rejected", auth_sets: [{ status: "preauthorized" }] });
    expect((await device.ask(server)).status).toBe(200);
    expect((await admin.onlyDevice()).status).toBe("accepted");
  });

  it("re-keys an accepted device when forced with a new key", async () => {
    const old = new SigningDevice({ mac: "a", sn: "1" });
    await admin.admit(old);
    const oldToken = (await old.ask(server)).text;
    await setLimit("max_devices", 1);
    expect((await admin.call("POST", "/devices", { ...body, force: true })).status).toBe(201);
    expect(await isLive(server, oldToken)).toBe(true);
    expect((await device.ask(server)).status).toBe(200);
    expect(await isLive(server, oldToken)).toBe(false);
    expect((await admin.onlyDevice()).auth_sets.map(({ status }) => status)).toEqual([
      "rejected",
      "accepted",
    ]);
  });

  it.each([
    [{}, "identity_data: cannot be blank; pubkey: cannot be blank."],
    [{ ...body, identity_data: {} }, "identity_data: cannot be blank."],
    [{ ...body, identity_data: [1] }, "identity_data: must be a JSON object."],
    [{ ...body, pubkey: "" }, "pubkey: cannot be blank."],
    [{ ...body, pubkey: "abc" }, "cannot decode public key"],
    [{ ...body, tier: "mega" }, "tier: must be a valid value."],
    [{ ...body, force: "yes" }, "force: must be a boolean."],
  ])("refuses %j", async (bad, text) => {
    expect(refusal(await admin.call("POST", "/devices", bad))).toEqual([
      400,
      `failed to decode preauth request: ${text}`,
    ]);
    expect(await rowsOf("devices")).toEqual([]);
  });
});

describe("limits", () => {
  it("refuses the user at the limit and lets an accepted device change its key", async () => {
    await setLimit("max_devices", 1);
    await admin.admit(new SigningDevice({ mac: "1" }));
    await new SigningDevice({ mac: "2" }).ask(server);
    const [waiting] = await admin.devices("?status=pending");
    const refused = await admin.putStatus(waiting!.id, waiting!.auth_sets[0]!.id, "accepted");
    expect(refusal(refused)).toEqual([422, "maximum number of accepted devices reached"]);
    expect(await admin.devices("?status=pending")).toEqual([waiting]);
    expect(await rowsOf("inventory_devices")).toMatchObject([{ status: "accepted" }, { status: "pending" }]);
    await admin.admit(new SigningDevice({ mac: "1" }));
  });

  it("hides the limit from a preauthorised device", async () => {
    const device = new SigningDevice({ mac: "1" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    await setLimit("max_devices", 0);
    expect(refusal(await device.ask(server))).toEqual([401, "unauthorized"]);
    expect((await admin.onlyDevice()).status).toBe("preauthorized");
    await setLimit("max_devices", -1);
    expect((await device.ask(server)).status).toBe(200);
  });

  it("counts each tier by itself, and a device that moves to another against that one", async () => {
    await setLimit("max_devices", 1);
    await setLimit("max_micro_devices", 0);
    const device = new SigningDevice({ mac: "1" });
    const { id } = await admin.admit(device);
    await device.ask(server, { tier: "micro" });
    await device.ask(server, { tier: "system" });
    const sets = (await admin.onlyDevice()).auth_sets;
    const of = (tier: string) => sets.find((set) => set.tier === tier)!.id;
    expect((await admin.putStatus(id, of("micro"), "accepted")).status).toBe(422);
    expect((await admin.putStatus(id, of("system"), "accepted")).status).toBe(204);
    expect((await admin.onlyDevice()).tier).toBe("system");
    expect(await rowsOf("inventory_devices")).toMatchObject([{ tier: "system" }]);
    await admin.admit(new SigningDevice({ mac: "2" }));
  });

  it("shows limits by name and by tier", async () => {
    await setLimit("max_devices", 7);
    await setLimit("max_micro_devices", 0);
    expect((await admin.call("GET", "/limits/max_devices")).json()).toEqual({ limit: 7 });
    expect((await admin.call("GET", "/limits/max_micro_devices")).json()).toEqual({ limit: 0 });
    expect((await admin.call("GET", "/limits/max_system_devices")).json()).toEqual({ limit: -1 });
    expect((await admin.call("GET", "/limits/devices")).json()).toEqual({
      standard: 7,
      micro: 0,
      system: -1,
      test: 10,
    });
    expect(refusal(await admin.call("GET", "/limits/odd"))).toEqual([400, "unsupported limit odd"]);
  });
});

describe("revoking tokens", () => {
  it("kills tokens at once, again and again within a second, and the device may ask anew [differs: dead-tokens]", async () => {
    const device = new SigningDevice({ mac: "1" });
    const { set } = await admin.admit(device);
    const tokens: string[] = [];
    for (let round = 0; round < 3; round++) {
      tokens.push((await device.ask(server)).text);
      expect(await Promise.all(tokens.map((token) => isLive(server, token)))).toEqual(
        tokens.map((_, at) => at === round),
      );
      const answer = await admin.call("DELETE", `/tokens/${set}`);
      expect([answer.status, answer.text]).toEqual([204, ""]);
      for (const token of tokens) expect(await isLive(server, token)).toBe(false);
    }
    expect((await admin.onlyDevice()).status).toBe("accepted");
    expect(await auditActions()).toEqual(["accept", "revoke_token", "revoke_token", "revoke_token"]);
  });

  it("answers 404 without a body for what has no tokens", async () => {
    await new SigningDevice({ mac: "1" }).ask(server);
    const pending = (await admin.onlyDevice()).auth_sets[0]!.id;
    for (const jti of ["x", pending, "b4dcd2a8-1d22-4b18-b3a4-0c1d2a7c0f11"]) {
      const answer = await admin.call("DELETE", `/tokens/${jti}`);
      expect([answer.status, answer.text]).toEqual([404, ""]);
    }
  });
});

describe("the wrong actor", () => {
  const ROUTES: [method: string, path: string, json?: unknown][] = [
    ["GET", "/devices"],
    ["GET", "/devices/count"],
    ["POST", "/devices/search", {}],
    ["GET", "/devices/DEVICE"],
    ["DELETE", "/devices/DEVICE"],
    ["POST", "/devices", { identity_data: { mac: "new" }, pubkey: new SigningDevice({}).pem }],
    ["GET", "/devices/DEVICE/auth/SET/status"],
    ["PUT", "/devices/DEVICE/auth/SET/status", { status: "rejected" }],
    ["DELETE", "/devices/DEVICE/auth/SET"],
    ["DELETE", "/tokens/SET"],
    ["GET", "/limits/devices"],
    ["GET", "/limits/max_devices"],
  ];
  let foreign: { id: string; authSet: string; token: string };
  beforeEach(async () => {
    foreign = await aDevice(server, { tenant: "other" });
  });
  const call = ([method, path, json]: (typeof ROUTES)[number], token?: string) =>
    server.call(method, DEVAUTH + path.replace("DEVICE", foreign.id).replace("SET", foreign.authSet), {
      token,
      ...(json === undefined ? {} : { json }),
    });

  it.each(ROUTES)("refuses %s %s without a token", async (...route) => {
    const answer = await call(route);
    expect(refusal(answer)).toEqual([401, "Authorization not present in header"]);
  });

  it.each(ROUTES)("refuses %s %s to a device", async (...route) => {
    expect((await call(route, foreign.token)).status).toBe(401);
  });

  it.each(ROUTES)("keeps another tenant out of %s %s", async (...route) => {
    const answer = await call(route, user.token);
    expect(answer.text).not.toContain(foreign.id);
    expect(answer.text).not.toContain(foreign.authSet);
    const names = route[1].includes("DEVICE") || route[1].includes("SET");
    if (names) expect(answer.status).toBe(404);
    const kept = (await rowsOf("auth_sets")).filter(({ tenant_id: tenant }) => tenant === "other");
    expect(kept).toMatchObject([{ auth_set_id: foreign.authSet, status: "accepted" }]);
  });

  it.each(ROUTES)("lets a read-only user do no more than read with %s %s", async (...route) => {
    const reader = await aUser(server, { tenant: "other", roles: ["RBAC_ROLE_OBSERVER"] });
    const answer = await call(route, reader.token);
    const reads = route[0] === "GET" || route[1].endsWith("search");
    expect(answer.status).toBe(reads ? 200 : 403);
  });
});
