import { beforeEach, describe, expect, it } from "vitest";
import { runSweeps, EVERY_MINUTE } from "../../src/app/sweeps.ts";
import { aDevice, aTenant, aUser } from "../support/actors.ts";
import { auditOf, eventsOf, refusal, rowsOf } from "../support/answers.ts";
import { DEVAUTH, DeviceAdmin, isLive } from "../support/device-auth.ts";
import { env, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const DAY_MS = 86_400_000;

let server: Server;
let admin: DeviceAdmin;
beforeEach(async () => {
  server = await Server.start();
  admin = new DeviceAdmin(server, await aUser(server));
});

const setLimit = (name: string, value: number) =>
  env.DB.prepare("INSERT INTO tenant_limits (tenant_id, name, value) VALUES ('default', ?, ?)")
    .bind(name, value)
    .run();

describe("test devices", () => {
  const flag = (id: string, value: unknown) =>
    admin.call("PUT", `/devices/${id}/flags`, { test_device: value });

  it("are named and unnamed", async () => {
    const { id } = await aDevice(server);
    expect((await flag(id, true)).status).toBe(204);
    expect((await admin.onlyDevice()).flags).toEqual({ test_device: true });
    expect((await flag(id, false)).status).toBe(204);
    expect((await admin.onlyDevice()).flags).toEqual({ test_device: false });
    expect(await auditOf(id)).toMatchObject([
      { change: "test_device: true" },
      { change: "test_device: false" },
    ]);
  });

  it("are ten at most, also when asked for at once", async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, async () => (await aDevice(server)).id));
    const answers = await Promise.all(ids.map((id) => flag(id, true)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status !== 204);
    expect(refused.map(refusal)).toEqual(Array(2).fill([422, "maximum number of test devices reached"]));
  });

  it("change twenty times a day", async () => {
    const { id } = await aDevice(server);
    for (let i = 0; i < 20; i++) expect((await flag(id, i % 2 === 0)).status).toBe(204);
    expect((await flag(id, false)).status).toBe(204);
    const refused = await flag(id, true);
    expect(refusal(refused)).toEqual([429, "too many requests"]);
    expect(refused.headers.get("retry-after")).toBe("43200");
    server.advance(DAY_MS);
    expect((await flag(id, true)).status).toBe(204);
    expect(await rowsOf("SELECT changes FROM test_device_changes")).toEqual([{ changes: 1 }]);
  });

  it("are refused for what is no flag and for an unknown device", async () => {
    const { id } = await aDevice(server);
    expect(refusal(await flag(id, 1))).toEqual([
      400,
      "failed to decode device flags: test_device: must be a boolean.",
    ]);
    expect(refusal(await flag("none", true))).toEqual([404, "device not found"]);
    const foreign = await aDevice(server, { tenant: "acme" });
    expect((await flag(foreign.id, true)).status).toBe(404);
  });
});

describe("the licence report", () => {
  it("counts devices by status and tier", async () => {
    await aDevice(server);
    await aDevice(server, { status: "pending" });
    const answer = await admin.call("GET", "/license");
    expect(answer.headers.get("content-type")).toContain("text/csv");
    expect(answer.text).toBe("status,tier,devices\naccepted,standard,1\npending,standard,1\n");
  });
});

describe("a preauthorisation without a tier", () => {
  it("lets the device in with the tier it names", async () => {
    const device = new SigningDevice({ mac: "1" }, "P-256");
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    expect((await device.ask(server, { tier: "micro" })).status).toBe(200);
    expect(await admin.onlyDevice()).toMatchObject({
      status: "accepted",
      tier: "micro",
      auth_sets: [{ tier: "micro" }],
    });
    expect((await device.ask(server, { tier: "micro" })).status).toBe(200);
    expect(await rowsOf("SELECT tier FROM inventory_devices")).toEqual([{ tier: "micro" }]);
  });

  it("turns the waiting set of the key when forced", async () => {
    const device = new SigningDevice({ mac: "1" });
    await device.ask(server, { tier: "micro" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem, force: true });
    expect((await device.ask(server, { tier: "micro" })).status).toBe(200);
    expect((await admin.onlyDevice()).auth_sets).toHaveLength(1);
  });

  it("counts against the limit of the tier the device names", async () => {
    await setLimit("max_micro_devices", 0);
    const device = new SigningDevice({ mac: "1" });
    await admin.call("POST", "/devices", { identity_data: { mac: "1" }, pubkey: device.pem });
    expect(refusal(await device.ask(server, { tier: "micro" }))).toEqual([401, "unauthorized"]);
    expect((await device.ask(server)).status).toBe(200);
  });
});

interface BulkAnswer {
  succeeded: number;
  failed: number;
  results: { status: number; device_id?: string; auth_set_id?: string; error?: string }[];
}

describe("deciding on many devices", () => {
  const decide = async (status: string, ids: (string | { id: string; auth_set_id: string })[]) =>
    (
      await admin.call("POST", "/bulk/status", {
        status,
        devices: ids.map((id) => (typeof id === "string" ? { id } : id)),
      })
    ).json<BulkAnswer>();

  const enrol = async (count: number) => {
    for (let i = 0; i < count; i++) await new SigningDevice({ mac: String(i) }).ask(server);
    return admin.devices();
  };

  it("accepts all in one batch", async () => {
    const devices = await enrol(5);
    const answer = await admin.call("POST", "/bulk/status", {
      status: "accepted",
      devices: devices.map(({ id }) => ({ id })),
    });
    expect(answer.status).toBe(200);
    expect(answer.cost.trips).toBe(3);
    expect(answer.json()).toEqual({
      succeeded: 5,
      failed: 0,
      results: devices.map(({ id, auth_sets: [set] }) => ({
        status: 204,
        device_id: id,
        auth_set_id: set!.id,
      })),
    });
    expect((await admin.devices("?status=accepted")).length).toBe(5);
    expect(await eventsOf(devices[0]!.id)).toEqual(["device.status_changed", "device.status_changed"]);
    expect(await auditOf(devices[0]!.id)).toMatchObject([{ action: "accept" }]);
  });

  it("rejects and says for each item why it could not", async () => {
    const [one, two] = await enrol(2);
    await new SigningDevice({ mac: "1" }).ask(server);
    const several = (await admin.devices()).find(({ auth_sets: sets }) => sets.length === 2)!;
    const single = [one!, two!].find(({ id }) => id !== several.id)!;
    const waiting = new SigningDevice({ mac: "p" });
    await admin.call("POST", "/devices", { identity_data: { mac: "p" }, pubkey: waiting.pem });
    const [preauthorized] = await admin.devices("?status=preauthorized");
    const { results, succeeded } = await decide("rejected", [
      single.id,
      several.id,
      { id: several.id, auth_set_id: several.auth_sets[1]!.id },
      { id: single.id, auth_set_id: several.auth_sets[0]!.id },
      preauthorized!.id,
      "unknown",
      single.id,
    ]);
    expect(results.map(({ status, error }) => [status, error])).toEqual([
      [204, undefined],
      [422, "the device has several authorization sets: name one"],
      [204, undefined],
      [404, "authorization set not found"],
      [400, "dev auth: bad request"],
      [404, "device not found"],
      [204, undefined],
    ]);
    expect(succeeded).toBe(3);
    expect((await admin.devices("?status=rejected")).map(({ id }) => id)).toEqual([single.id]);
    expect(await auditOf(single.id)).toHaveLength(1);
  });

  it("accepts as many as the limit allows and says so for the rest", async () => {
    const devices = await enrol(4);
    await setLimit("max_devices", 2);
    const { results, failed } = await decide(
      "accepted",
      devices.map(({ id }) => id),
    );
    expect(failed).toBe(2);
    expect(results.map(({ status }) => status)).toEqual([204, 204, 422, 422]);
    expect(results[3]!.error).toBe("maximum number of accepted devices reached");
    expect((await admin.devices("?status=accepted")).length).toBe(2);
  });

  it("knows no device of another tenant", async () => {
    const foreign = await aDevice(server, { tenant: "acme" });
    const { results } = await decide("rejected", [foreign.id]);
    expect(results).toEqual([{ status: 404, error: "device not found", device_id: foreign.id }]);
    expect(await isLive(server, foreign.token)).toBe(true);
  });

  it.each([
    [{}, "devices: must be a list; status: must be one of: accepted, rejected, pending."],
    [{ status: "accepted", devices: [] }, "devices: cannot be blank."],
    [{ status: "accepted", devices: [{}] }, "devices.0.id: cannot be blank."],
    [{ status: "accepted", devices: Array(51).fill({ id: "x" }) }, "devices: must be no more than 50."],
  ])("refuses %j", async (body, text) => {
    expect(refusal(await admin.call("POST", "/bulk/status", body))).toEqual([
      400,
      `failed to decode bulk request: ${text}`,
    ]);
  });
});

describe("preauthorising many devices", () => {
  const item = (mac: string, device = new SigningDevice({ mac })) => ({
    identity_data: { mac },
    pubkey: device.pem,
  });

  it("takes all in one batch", async () => {
    const devices = ["a", "b", "c"].map((mac) => new SigningDevice({ mac }));
    const answer = await admin.call("POST", "/bulk/preauthorize", {
      devices: devices.map((device) => ({ identity_data: device.identity, pubkey: device.pem })),
    });
    expect(answer.cost.trips).toBe(2);
    const { results } = answer.json<BulkAnswer>();
    expect(results.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await admin.devices()).map(({ id }) => id).toSorted()).toEqual(
      results.map(({ device_id: id }) => id!).toSorted(),
    );
    for (const device of devices) expect((await device.ask(server)).status).toBe(200);
  });

  it("says for each item why it could not", async () => {
    const known = new SigningDevice({ mac: "known" });
    const { id } = await admin.admit(known, "rejected");
    const { results, succeeded, failed } = (
      await admin.call("POST", "/bulk/preauthorize", {
        devices: [
          item("known"),
          item("new"),
          { identity_data: {} },
          { ...item("known", known), force: true },
          item("new"),
          "odd",
        ],
      })
    ).json<BulkAnswer>();
    expect(results.map(({ status, error }) => [status, error])).toEqual([
      [409, "device already exists"],
      [201, undefined],
      [400, "identity_data: cannot be blank; pubkey: cannot be blank."],
      [201, undefined],
      [409, "device already exists"],
      [400, expect.stringMatching(/object/)],
    ]);
    expect([succeeded, failed]).toEqual([2, 4]);
    expect([results[0]!.device_id, results[3]!.device_id]).toEqual([id, id]);
    expect((await known.ask(server)).status).toBe(200);
  });
});

describe("auto-accept rules", () => {
  const addRule = (rule: Record<string, unknown>) => admin.call("POST", "/admission/rules", rule);

  it("lets an unknown device in whose identity fits", async () => {
    const made = await addRule({ name: "factory", identity: { mac: "de:ad:*", line: "?" } });
    expect(made.status).toBe(201);
    const device = new SigningDevice({ mac: "DE:AD:00:01", line: 7, more: true });
    const answer = await device.ask(server);
    expect([answer.status, await isLive(server, answer.text)]).toEqual([200, true]);
    expect(answer.cost.trips).toBe(2);
    const { id, status } = await admin.onlyDevice();
    expect(status).toBe("accepted");
    expect(await eventsOf(id)).toEqual(["device.status_changed"]);
    expect(await auditOf(id)).toMatchObject([
      { actor_id: "system", action: "accept", change: "rule factory" },
    ]);
    expect((await device.ask(server)).cost).toMatchObject({ trips: 1, written: 0 });
  });

  it.each([
    ["another value", { mac: "00:01", line: "a" }],
    ["a missing attribute", { mac: "de:ad:1" }],
    ["an attribute that is no text", { mac: { a: "de:ad:1" }, line: "a" }],
    ["an inherited name", { mac: "de:ad:1", toString: "a" }],
  ])("leaves a device waiting with %s", async (_name, identity) => {
    await addRule({ name: "factory", identity: { mac: "de:ad:*", line: "?" } });
    expect((await new SigningDevice(identity).ask(server)).status).toBe(401);
    expect((await admin.onlyDevice()).status).toBe("pending");
  });

  it("lets in who sends the enrolment secret as part of the tenant token", async () => {
    const made = (await addRule({ name: "batch 7", enrolment_token: true })).json();
    const token = String(made.tenant_token);
    expect(token).toMatch(/^token-of-default:[\w-]{32}$/);
    const device = new SigningDevice({ mac: "1" });
    expect((await device.ask(server, { tenant_token: token })).status).toBe(200);
    const guess = new SigningDevice({ mac: "2" });
    expect((await guess.ask(server, { tenant_token: `${token}x` })).status).toBe(401);
    expect((await guess.ask(server, { tenant_token: "token-of-default" })).status).toBe(401);
    expect((await admin.devices("?status=pending")).length).toBe(1);
    expect(JSON.stringify(await rowsOf("SELECT * FROM auto_accept_rules"))).not.toContain(
      token.split(":")[1],
    );
    await admin.call("DELETE", `/admission/rules/${String(made.id)}`);
    expect((await device.ask(server, { tenant_token: token })).status).toBe(200);
    expect((await new SigningDevice({ mac: "3" }).ask(server, { tenant_token: token })).status).toBe(401);
  });

  it("does not let a new key of a known device in", async () => {
    const owner = new SigningDevice({ mac: "de:ad:1" });
    await admin.admit(owner, "rejected");
    await addRule({ name: "factory", identity: { mac: "de:ad:*" } });
    expect((await owner.ask(server)).status).toBe(401);
    expect((await new SigningDevice({ mac: "de:ad:1" }).ask(server)).status).toBe(401);
    expect((await admin.onlyDevice()).status).toBe("pending");
  });

  it("holds the limit and leaves the rest waiting", async () => {
    await addRule({ name: "all", identity: { mac: "*" } });
    await setLimit("max_devices", 1);
    const devices = ["1", "2"].map((mac) => new SigningDevice({ mac }));
    const answers = await Promise.all(devices.map((device) => device.ask(server)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    expect((await admin.devices()).map(({ status }) => status)).toEqual(["accepted", "pending"]);
  });

  it("makes one accepted device of parallel first requests", async () => {
    await addRule({ name: "all", identity: { mac: "*" } });
    const device = new SigningDevice({ mac: "1" });
    const answers = await Promise.all(Array.from({ length: 4 }, () => device.ask(server)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await admin.onlyDevice()).toMatchObject({ status: "accepted" });
  });

  it("ends at its time", async () => {
    const expires = new Date(server.now + DAY_MS).toISOString();
    const made = await addRule({ name: "all", identity: { mac: "*" }, expires_ts: expires });
    expect(made.json()).toMatchObject({ expires_ts: expires });
    expect((await new SigningDevice({ mac: "1" }).ask(server)).status).toBe(200);
    server.advance(DAY_MS);
    expect((await new SigningDevice({ mac: "2" }).ask(server)).status).toBe(401);
  });

  it("concerns one tenant", async () => {
    await addRule({ name: "all", identity: { mac: "*" } });
    const tenant = await aTenant(server, "acme");
    const device = new SigningDevice({ mac: "1" });
    expect((await device.ask(server, { tenant_token: "token-of-acme" })).status).toBe(401);
    const other = await aUser(server, { tenant });
    const rules = await server.call("GET", `${DEVAUTH}/admission/rules`, { token: other.token });
    expect(rules.json()).toEqual([]);
    const [mine] = (await admin.call("GET", "/admission/rules")).json<{ id: string }[]>();
    const removed = await server.call("DELETE", `${DEVAUTH}/admission/rules/${mine!.id}`, {
      token: other.token,
    });
    expect(refusal(removed)).toEqual([404, "rule not found"]);
  });

  it("is listed, removed and recorded", async () => {
    const made = (await addRule({ name: "a", enrolment_token: true })).json();
    const { tenant_token: _, ...rule } = made;
    expect((await admin.call("GET", "/admission/rules")).json()).toEqual([rule]);
    expect(rule).toMatchObject({ name: "a", identity: {}, enrolment_token: true, expires_ts: null });
    expect((await admin.call("DELETE", `/admission/rules/${String(rule.id)}`)).status).toBe(204);
    expect((await admin.call("GET", "/admission/rules")).json()).toEqual([]);
    expect((await auditOf(String(rule.id))).map(({ action }) => action)).toEqual(["create", "delete"]);
  });

  it("exists twenty times at most", async () => {
    for (let i = 0; i < 20; i++) await addRule({ name: "a", identity: { mac: "1" } });
    const refused = await addRule({ name: "a", identity: { mac: "1" } });
    expect(refusal(refused)).toEqual([422, "maximum number of rules reached (20)"]);
  });

  it.each([
    [{}, "name: cannot be blank."],
    [{ name: "a" }, "identity: cannot be blank."],
    [{ name: "a", identity: [] }, "identity: must be an object of patterns."],
    [{ name: "a", identity: { mac: "" } }, "identity.mac: cannot be blank."],
    [
      { name: "a", identity: { mac: "x".repeat(257) } },
      "identity.mac: the length must be between 1 and 256.",
    ],
    [{ name: "a", enrolment_token: "yes" }, "enrolment_token: must be a boolean."],
    [{ name: "a", enrolment_token: true, expires_ts: "soon" }, "expires_ts: must be a time."],
    [{ name: "a", identity: { mac: "*" }, enrollment_token: true }, 'Unrecognized key: "enrollment_token".'],
  ])("refuses %j", async (rule, text) => {
    expect(refusal(await addRule(rule))).toEqual([400, `failed to decode rule: ${text}`]);
  });
});

describe("waiting too long", () => {
  const wait = (days: number | null) => admin.call("PUT", "/admission/settings", { pending_days: days });
  const sweep = async () => runSweeps(await server.deps(), EVERY_MINUTE);

  it("ends after 30 days unless a tenant says otherwise [differs: waiting-ends]", async () => {
    expect((await admin.call("GET", "/admission/settings")).json()).toEqual({
      pending_days: 30,
      refuse_weak_keys: false,
    });
    await new SigningDevice({ mac: "1" }).ask(server);
    server.advance(30 * DAY_MS - 60_000);
    await sweep();
    expect(await rowsOf("SELECT status FROM devices")).toEqual([{ status: "pending" }]);
    server.advance(120_000);
    await sweep();
    expect(await rowsOf("SELECT status FROM devices")).toEqual([]);
  });

  it("has no end where a tenant wants none", async () => {
    await wait(null);
    await new SigningDevice({ mac: "1" }).ask(server);
    server.advance(4000 * DAY_MS);
    await sweep();
    expect(await rowsOf("SELECT status FROM devices")).toEqual([{ status: "pending" }]);
  });

  it("removes a device that was never accepted, and its next request makes it anew", async () => {
    await wait(7);
    expect((await admin.call("GET", "/admission/settings")).json()).toMatchObject({ pending_days: 7 });
    const device = new SigningDevice({ mac: "1" });
    await device.ask(server);
    const { id } = await admin.onlyDevice();
    server.advance(7 * DAY_MS - 60_000);
    await sweep();
    expect(await rowsOf("SELECT device_id FROM devices")).toEqual([{ device_id: id }]);
    server.advance(120_000);
    await sweep();
    for (const table of ["devices", "auth_sets", "inventory_devices"])
      expect(await rowsOf(`SELECT * FROM ${table}`)).toEqual([]);
    expect(await auditOf(id)).toMatchObject([
      { actor_id: "system", action: "decommission", change: "waited too long" },
    ]);
    expect(await eventsOf(id)).toEqual(["device.status_changed", "device.decommissioned"]);
    expect((await device.ask(server)).status).toBe(401);
    expect(await rowsOf("SELECT status FROM devices")).toEqual([{ status: "pending" }]);
  });

  it("dismisses a stale second key and leaves the device", async () => {
    await wait(1);
    const owner = new SigningDevice({ mac: "1" });
    await admin.admit(owner);
    await new SigningDevice({ mac: "1" }).ask(server);
    server.advance(2 * DAY_MS);
    await new SigningDevice({ mac: "1" }).ask(server);
    await sweep();
    expect(await rowsOf("SELECT status FROM auth_sets ORDER BY created_ms")).toEqual([
      { status: "accepted" },
      { status: "pending" },
    ]);
    expect((await owner.ask(server)).status).toBe(200);
  });

  it("ends for many devices of several tenants, a portion at a time", async () => {
    await wait(1);
    await aTenant(server, "acme");
    for (let i = 0; i < 60; i++) await aDevice(server, { status: "pending" });
    await aDevice(server, { status: "pending", tenant: "acme" });
    server.advance(2 * DAY_MS);
    await sweep();
    expect(await rowsOf("SELECT COUNT(*) AS n FROM devices")).toEqual([{ n: 11 }]);
    await sweep();
    expect(await rowsOf("SELECT tenant_id FROM devices")).toEqual([{ tenant_id: "acme" }]);
  });

  it.each([[0], [1.5], [4000], ["x"]])("cannot be bounded by %j", async (days) => {
    const answer = await admin.call("PUT", "/admission/settings", { pending_days: days });
    expect(answer.status).toBe(400);
    expect(answer.json().error).toMatch(/^failed to decode settings: pending_days: must be /);
  });

  it("has no bound again when it is taken away", async () => {
    await wait(1);
    await wait(null);
    expect((await admin.call("GET", "/admission/settings")).json()).toMatchObject({ pending_days: null });
    expect((await auditOf("default")).map(({ change }) => change)).toEqual([
      "pending_days: 1",
      "pending_days: none",
    ]);
  });
});

describe("a read-only user", () => {
  it.each([
    ["GET", "/admission/rules", undefined, 200],
    ["POST", "/admission/rules", { name: "a", identity: { mac: "*" } }, 403],
    ["DELETE", "/admission/rules/x", undefined, 403],
    ["GET", "/admission/settings", undefined, 200],
    ["PUT", "/admission/settings", { pending_days: 1 }, 403],
    ["POST", "/bulk/status", { status: "accepted", devices: [{ id: "x" }] }, 403],
    ["POST", "/bulk/preauthorize", { devices: [{}] }, 403],
    ["PUT", "/devices/x/flags", { test_device: true }, 403],
    ["GET", "/license", undefined, 200],
  ])("gets from %s %s no more than to read", async (method, path, json, status) => {
    const reader = new DeviceAdmin(server, await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] }));
    expect((await reader.call(method, path, json)).status).toBe(status);
  });
});

describe("auto-auth", () => {
  it("does not exist", async () => {
    expect((await admin.call("POST", "/auto-auth", {})).status).toBe(404);
  });
});
