import type { Env } from "../../src/platform/env.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { aTenant, aUser } from "../support/actors.ts";
import { auditOf, eventsOf, refusal, rowsOf } from "../support/answers.ts";
import { DEVAUTH, DeviceAdmin, internal } from "../support/device-auth.ts";
import { env, Server, type Answer } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const REFUSED = [401, "dev auth: unauthorized"];

let server: Server;
let admin: DeviceAdmin;
beforeEach(async () => {
  server = await Server.start();
  admin = new DeviceAdmin(server, await aUser(server));
});

const setRoom = async (devices: number) =>
  expect(
    (await internal(server, "PUT", "/tenant/default/limits/max_waiting_devices", { limit: devices })).status,
  ).toBe(204);

let strangers = 0;
const stranger = () => new SigningDevice({ mac: `stranger ${(strangers += 1)}` });

/** Devices nobody knows, one after the other. */
async function flood(devices: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < devices; i += 1) {
    answers.push(await stranger().ask(server));
    server.advance(1);
  }
  return answers;
}

const waiting = async () => (await admin.call("GET", "/admission/waiting")).json();
const macs = async () => (await admin.devices("?status=pending")).map(({ identity_data: { mac } }) => mac);

describe("an identity", () => {
  const size = (bytes: number) => ({ mac: "x".repeat(bytes - '{"mac":""}'.length) });

  it("of a device seen for the first time has 4 KiB at most [differs: identity-size]", async () => {
    expect(refusal(await new SigningDevice(size(4097)).ask(server))).toEqual([
      400,
      "invalid auth request: id_data: must be no longer than 4096 bytes",
    ]);
    expect(await rowsOf("SELECT 1 FROM devices")).toEqual([]);
    expect(refusal(await new SigningDevice(size(4096)).ask(server))).toEqual(REFUSED);
    // In bytes, not in characters.
    expect((await new SigningDevice({ mac: "ü".repeat(2045) }).ask(server)).status).toBe(400);
  });

  it("has a hundred values at most, in whatever members they are", async () => {
    const values = (count: number) => ({ macs: Array.from({ length: count }, (_, i) => i) });
    expect(refusal(await new SigningDevice(values(100)).ask(server))).toEqual([
      400,
      "invalid auth request: id_data: must have no more than 100 values",
    ]);
    expect(refusal(await new SigningDevice(values(99)).ask(server))).toEqual(REFUSED);
  });

  it("is bounded where a user preauthorises it, alone or with others", async () => {
    const [good, bad] = [{ mac: "1" }, size(4097)].map((identity) => ({
      identity_data: identity,
      pubkey: new SigningDevice(identity).pem,
    }));
    const text = "failed to decode preauth request: identity_data: must be no longer than 4096 bytes.";
    expect(refusal(await admin.call("POST", "/devices", bad))).toEqual([400, text]);
    const bulk = await admin.call("POST", "/bulk/preauthorize", { devices: [good, bad] });
    expect(bulk.json<{ results: unknown[] }>().results).toMatchObject([
      { status: 201 },
      { status: 400, error: text },
    ]);
    expect(await rowsOf("SELECT 1 FROM devices WHERE length(identity) > 4096")).toEqual([]);
  });

  it("that was stored when it might be larger still lets its device in", async () => {
    const device = new SigningDevice({ mac: "1" });
    const { id } = await admin.admit(device);
    const [large] = await rowsOf(`SELECT length(identity) AS n FROM devices`);
    expect(large).toEqual({ n: 11 });
    const big = new SigningDevice(size(20_000));
    // As an earlier version stored it.
    const { identityOf } = await import("../../src/deviceauth/identity.ts");
    const { parseKey } = await import("../../src/deviceauth/device-key.ts");
    const [identity, key] = [identityOf(size(20_000)), parseKey(big.pem)];
    if (!identity.ok || !key.ok) throw new Error("not stored");
    await env.DB.batch([
      env.DB.prepare("UPDATE devices SET identity = ?, identity_hash = ? WHERE device_id = ?").bind(
        identity.identity.text,
        identity.identity.hash,
        id,
      ),
      env.DB.prepare("UPDATE auth_sets SET key_hash = ?, pubkey = ?").bind(key.key.hash, key.key.pem),
    ]);
    expect((await big.ask(server)).status).toBe(200);
    expect(refusal(await new SigningDevice(size(20_000)).ask(server))).toEqual(REFUSED);
    expect((await admin.onlyDevice()).auth_sets).toHaveLength(2);
  });
});

describe("keys of one device", () => {
  it("wait ten at most, and the newest replaces the oldest [differs: waiting-keys]", async () => {
    const owner = new SigningDevice({ mac: "1" });
    const { id } = await admin.admit(owner);
    const keys = Array.from({ length: 12 }, () => new SigningDevice({ mac: "1" }));
    for (const key of keys) {
      const { cost } = await key.ask(server);
      expect(cost.trips).toBe(2);
      server.advance(1);
    }
    const { status, auth_sets: sets } = await admin.onlyDevice();
    expect(status).toBe("accepted");
    expect(sets.map(({ pubkey }) => pubkey)).toEqual([owner.pem, ...keys.slice(2).map(({ pem }) => pem)]);
    expect((await owner.ask(server)).status).toBe(200);
    expect(await rowsOf("SELECT * FROM token_revocations")).toEqual([]);
    expect((await eventsOf(id)).filter((kind) => kind === "device.status_changed")).toHaveLength(2);
  });

  it("that waited in any number before are as many as may be after the next", async () => {
    await new SigningDevice({ mac: "1" }).ask(server);
    const { id } = await admin.onlyDevice();
    await env.DB.prepare(
      `INSERT INTO auth_sets (tenant_id, auth_set_id, device_id, key_hash, pubkey, status, created_ms)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
       SELECT 'default', 'set-' || i, ?, 'key-' || i, 'key', 'pending', i FROM n`,
    )
      .bind(id)
      .run();
    expect(
      (await admin.call("GET", `/devices/${id}`)).json<{ auth_sets: unknown[] }>().auth_sets,
    ).toHaveLength(2001);
    const owner = new SigningDevice({ mac: "1" });
    expect(refusal(await owner.ask(server))).toEqual(REFUSED);
    expect((await admin.onlyDevice()).auth_sets).toHaveLength(10);
    await admin.admit(owner);
    expect((await owner.ask(server)).status).toBe(200);
  });
});

describe("waiting devices", () => {
  it("may be 1,000 beyond the devices that may be accepted [differs: waiting-devices]", async () => {
    expect(await waiting()).toEqual({ waiting: 0, limit: 1000, removed: null });
    for (const [name, limit] of [
      ["max_devices", 50],
      ["max_micro_devices", 7],
      ["max_system_devices", -1],
    ] as const)
      await internal(server, "PUT", `/tenant/default/limits/${name}`, { limit });
    expect(await waiting()).toMatchObject({ limit: 1057 });
    await setRoom(-1);
    expect(await waiting()).toMatchObject({ limit: -1 });
    expect((await admin.call("GET", "/limits/max_waiting_devices")).json()).toEqual({ limit: -1 });
  });

  it("make room for the next, the longest unseen first, and the operator is told once an hour", async () => {
    await setRoom(3);
    const [first, second] = [stranger(), stranger()];
    for (const device of [first, second, stranger()]) {
      await device.ask(server);
      server.advance(1);
    }
    const [gone] = await rowsOf("SELECT device_id AS id FROM devices ORDER BY created_ms LIMIT 1 OFFSET 1");
    server.advance(11 * 60_000);
    expect((await first.ask(server)).cost).toMatchObject({ trips: 1, written: 0 });
    server.advance(1);
    await flood(1);
    expect(await macs()).toHaveLength(3);
    expect(await macs()).toContain((first.identity as { mac: string }).mac);
    expect(await macs()).not.toContain((second.identity as { mac: string }).mac);
    for (const table of ["auth_sets", "inventory_devices"])
      expect(await rowsOf(`SELECT 1 FROM ${table} WHERE device_id = '${String(gone?.id)}'`)).toEqual([]);
    expect(await eventsOf(String(gone?.id))).toEqual(["device.status_changed", "device.decommissioned"]);
    await flood(4);
    expect(await waiting()).toEqual({
      waiting: 3,
      limit: 3,
      removed: { devices: 5, since_ts: expect.stringMatching(/:00:00/) },
    });
    const told = (await auditOf("default")).filter(({ action }) => action === "dismiss");
    expect(told).toMatchObject([
      { actor_id: "system", change: "more than 3 devices wait: the longest unseen go" },
    ]);
    server.advance(HOUR_MS);
    await flood(2);
    expect(await waiting()).toMatchObject({ removed: { devices: 2 } });
    expect((await auditOf("default")).filter(({ action }) => action === "dismiss")).toHaveLength(2);
  });

  it("never exceed the room when many come at once", async () => {
    await setRoom(4);
    await flood(3);
    const answers = await Promise.all(Array.from({ length: 8 }, () => stranger().ask(server)));
    expect(answers.map(refusal)).toEqual(Array(8).fill(REFUSED));
    expect(await macs()).toHaveLength(4);
  });

  it("that were accepted once are not removed, nor is what a user has decided", async () => {
    await setRoom(2);
    const taken = new SigningDevice({ mac: "taken back" });
    const { id, set } = await admin.admit(taken);
    await admin.putStatus(id, set, "pending");
    await admin.admit(new SigningDevice({ mac: "rejected" }), "rejected");
    await flood(4);
    expect((await macs()).filter((mac) => mac === "taken back")).toHaveLength(1);
    expect((await admin.devices("?status=rejected")).length).toBe(1);
    expect(await macs()).toHaveLength(2);
  });

  it("that are more than may be after an update become fewer with each that comes", async () => {
    await flood(6);
    await setRoom(2);
    await flood(4);
    expect(await macs()).toHaveLength(2);
  });

  it("of another tenant are not touched", async () => {
    const tenant = await aTenant(server, "acme");
    const other = new SigningDevice({ mac: "1" });
    await other.ask(server, { tenant_token: "token-of-acme" });
    await setRoom(1);
    await flood(3);
    const { token } = await aUser(server, { tenant });
    const devices = (await server.call("GET", `${DEVAUTH}/devices`, { token })).json<unknown[]>();
    expect(devices).toHaveLength(1);
  });
});

describe("during a flood", () => {
  it("honest devices are let in: preauthorised, by a rule, and by a user who finds them waiting", async () => {
    await setRoom(5);
    const known = new SigningDevice({ mac: "preauthorised" });
    await admin.call("POST", "/devices", { identity_data: known.identity, pubkey: known.pem });
    await admin.call("POST", "/admission/rules", { name: "ours", identity: { mac: "ours *" } });
    const patient = new SigningDevice({ mac: "patient" });
    await flood(12);
    expect((await known.ask(server)).status).toBe(200);
    await flood(12);
    expect((await new SigningDevice({ mac: "ours 1" }).ask(server)).status).toBe(200);
    await patient.ask(server);
    await flood(4);
    await admin.admit(patient);
    await flood(12);
    expect((await patient.ask(server)).status).toBe(200);
    expect((await known.ask(server)).status).toBe(200);
    expect(await macs()).toHaveLength(5);
  });

  it("a stranger who came first under its name does not keep a device with the secret of a rule out", async () => {
    const made = await admin.call("POST", "/admission/rules", { name: "ours", enrolment_token: true });
    const { tenant_token: token } = made.json<{ tenant_token: string }>();
    const thief = new SigningDevice({ mac: "1" });
    await thief.ask(server);
    server.advance(1);
    const owner = new SigningDevice({ mac: "1" });
    expect((await owner.ask(server, { tenant_token: token })).status).toBe(200);
    expect(refusal(await thief.ask(server))).toEqual(REFUSED);
    const { id, status, auth_sets: sets } = await admin.onlyDevice();
    expect([status, sets.map((set) => set.status)]).toEqual(["accepted", ["pending", "accepted"]]);
    expect(await auditOf(id)).toMatchObject([{ action: "accept", change: "rule ours" }]);
    // Once it is in, the secret alone changes nobody's key.
    expect((await thief.ask(server, { tenant_token: token })).status).toBe(401);
    expect((await new SigningDevice({ mac: "1" }).ask(server, { tenant_token: token })).status).toBe(401);
  });
});

describe("one address", () => {
  const ask = (device: SigningDevice, address: string, hourly = "3") => {
    const body = device.body();
    const headers = { "Content-Type": "application/json", "X-MEN-Signature": device.signature(body) };
    return server.call(
      "POST",
      "/api/devices/v1/authentication/auth_requests",
      { body, headers, address },
      bindings[hourly] ?? (bindings[hourly] = { ...server.env, WAITING_PER_ADDRESS_PER_HOUR: hourly }),
    );
  };
  let bindings: Record<string, Env> = {};
  beforeEach(() => (bindings = {}));

  it("leaves so many devices and keys waiting in an hour and no more [differs: waiting-per-address]", async () => {
    const device = stranger();
    for (const one of [device, new SigningDevice(device.identity), stranger()])
      expect(refusal(await ask(one, "2001:db8:1:2::1"))).toEqual(REFUSED);
    const refused = await ask(stranger(), "2001:db8:1:2:ffff::9");
    expect(refusal(refused)).toEqual([429, "too many new devices from this address"]);
    expect(refused.headers.get("retry-after")).toBe("3600");
    expect(refused.cost.written).toBe(0);
    expect((await ask(device, "2001:db8:1:2::1")).status).toBe(401);
    expect((await ask(stranger(), "2001:db8:1:3::1")).status).toBe(401);
    server.advance(HOUR_MS);
    expect((await ask(stranger(), "2001:db8:1:2::1")).status).toBe(401);
  });

  it("may bring any number that a rule or a user lets in", async () => {
    await admin.call("POST", "/admission/rules", { name: "ours", identity: { mac: "ours *" } });
    const known = new SigningDevice({ mac: "preauthorised" });
    await admin.call("POST", "/devices", { identity_data: known.identity, pubkey: known.pem });
    expect((await ask(stranger(), "192.0.2.1", "1")).status).toBe(401);
    expect((await ask(stranger(), "192.0.2.1", "1")).status).toBe(429);
    for (let i = 0; i < 3; i += 1)
      expect((await ask(new SigningDevice({ mac: `ours ${i}` }), "192.0.2.1", "1")).status).toBe(200);
    expect((await ask(known, "192.0.2.1", "1")).status).toBe(200);
  });
});

describe("a waiting device", () => {
  it("is noted once a day, and every ten minutes while room is scarce, never in its own request", async () => {
    const device = stranger();
    await device.ask(server);
    const seen = async () => (await rowsOf("SELECT seen_ms FROM devices"))[0]?.seen_ms;
    const first = await seen();
    const askAfter = async (ms: number) => {
      server.advance(ms);
      expect((await device.ask(server)).cost).toMatchObject({ trips: 1, written: 0 });
      return seen();
    };
    expect(await askAfter(DAY_MS - 1)).toBe(first);
    expect(await askAfter(1)).toBe(server.now);
    await setRoom(1);
    const second = await seen();
    expect(await askAfter(10 * 60_000 - 1)).toBe(second);
    expect(await askAfter(1)).toBe(server.now);
  });
});
