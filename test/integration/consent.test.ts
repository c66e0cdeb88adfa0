import { beforeEach, describe, expect, it } from "vitest";
import { makeFrame, PROTO } from "../../src/deviceconnect/frame.ts";
import { runDurableObjectAlarm } from "cloudflare:test";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf, statusesOf } from "../support/answers.ts";
import { inInventory } from "../support/deployments.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { connectFake, connectUser, DEVICECONNECT, Peer, upgrade, uploadForm } from "../support/sockets.ts";

const CONSENT = "/api/management/v1/consent";
const HOUR_MS = 3_600_000;
const NEEDS_GRANT = [403, "remote access takes a grant"];

let server: Server;
let admin: TestUser;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
  user = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
  device = await aDevice(server);
});

const later = (ms = HOUR_MS) => new Date(server.now + ms).toISOString();
const call = (by: TestUser, method: string, path: string, json?: unknown) =>
  server.call(method, CONSENT + path, { token: by.token, json });
const demand = (settings = { remote_access: true, support_access: false }) =>
  call(admin, "PUT", "/settings", settings);

async function ask(by = user, more: object = { device_ids: [device.id] }) {
  const answer = await call(by, "POST", "/grants", { until: later(), reason: "it is down", ...more });
  expect(answer.status).toBe(201);
  return answer.json<{ id: string }>().id;
}
const decide = (by: TestUser, id: string, decision: string) => call(by, "POST", `/grants/${id}/${decision}`);
async function granted(more?: object) {
  const id = await ask(user, more);
  expect((await decide(admin, id, "approve")).status).toBe(200);
  return id;
}

const connect = (as = user) =>
  server.call("GET", `${DEVICECONNECT}/devices/${device.id}/connect`, { token: as.token });
const download = (as = user) =>
  server.call("GET", `${DEVICECONNECT}/devices/${device.id}/download?path=/a`, { token: as.token });

async function openSession() {
  const { fake, peer: remote } = await connectFake(server, device);
  fake.files.set("/a", new Uint8Array(1));
  const local = await connectUser(server, user, device);
  local.send(makeFrame({ proto: PROTO.shell, typ: "new" }));
  await remote.until(() => fake.received.length > 0);
  return local;
}
const untilClosed = async (peer: Peer) => {
  await peer.until(() => peer.closed !== undefined);
  return peer.closed;
};
const stub = () =>
  env.DEVICE_CONNECTION.get(env.DEVICE_CONNECTION.idFromName(`${device.tenant}/${device.id}`));

describe("remote access by consent", () => {
  it("is off until the tenant says so, and then takes a grant for terminal and files [differs: consent]", async () => {
    const { fake } = await connectFake(server, device);
    fake.files.set("/a", new Uint8Array(1));
    expect((await call(user, "GET", "/settings")).json()).toEqual({
      remote_access: false,
      support_access: false,
    });
    expect((await download()).status).toBe(200);
    expect((await demand()).status).toBe(200);
    expect(refusal(await connect())).toEqual(NEEDS_GRANT);
    expect(refusal(await download())).toEqual(NEEDS_GRANT);
    const form = { path: "/b" };
    const upload = await server.call("PUT", `${DEVICECONNECT}/devices/${device.id}/upload`, {
      token: user.token,
      body: uploadForm(form, new Uint8Array(3)),
    });
    expect(refusal(upload)).toEqual(NEEDS_GRANT);
    expect(refusal(await connect(admin))).toEqual(NEEDS_GRANT);
    await granted();
    expect((await download()).status).toBe(200);
    expect(refusal(await download(admin))).toEqual(NEEDS_GRANT);
  });

  it("lets nobody approve what is for oneself or was asked by oneself, nor who may not decide", async () => {
    const own = await ask(admin);
    expect(refusal(await decide(admin, own, "approve"))).toEqual([403, "somebody else has to approve"]);
    const forOther = await ask(admin, { user_id: user.id, device_ids: [device.id] });
    expect(refusal(await decide(admin, forOther, "approve"))).toEqual([403, "somebody else has to approve"]);
    const second = await aUser(server);
    const forSecond = await ask(admin, { user_id: second.id, device_ids: [device.id] });
    expect((await decide(second, forSecond, "approve")).status).toBe(403);
    expect((await decide(user, own, "approve")).status).toBe(404);
    const stranger = await aUser(server, { tenant: "acme" });
    for (const decision of ["approve", "refuse", "revoke"])
      expect(refusal(await decide(stranger, own, decision))).toEqual([404, "grant not found"]);
    expect((await decide(user, own, "revoke")).status).toBe(404);
    expect((await decide(second, own, "approve")).json()).toMatchObject({
      status: "approved",
      decided_by: second.id,
      user_email: admin.email,
    });
    expect(refusal(await decide(second, own, "refuse"))).toEqual([409, "the grant is not open any more"]);
  });

  it("is asked for by who may connect to some devices, for these alone, and decided by who decides on all", async () => {
    const other = await aDevice(server);
    await inInventory(server, [device], "lab");
    await inInventory(server, [other], "yard");
    const [V2, token] = ["/api/management/v2/useradm", admin.token];
    const scope = { type: "DeviceGroups", value: ["lab"] };
    const all = [{ action: "any", object: { type: "any", value: "any" } }];
    const set = { name: "any", permissions: all, supported_scope_types: ["DeviceGroups"] };
    expect((await server.call("POST", `${V2}/permission_sets`, { token, json: set })).status).toBe(201);
    for (const name of ["ConnectToDevices", "any"]) {
      const json = { name, permission_sets_with_scope: [{ name, scope }] };
      expect((await server.call("POST", `${V2}/roles`, { token, json })).status).toBe(201);
    }
    const ofLab = await aUser(server, { roles: ["ConnectToDevices"] });
    const theirs = async (by: TestUser) =>
      (await call(by, "GET", "/grants")).json<{ id: string }[]>().map(({ id }) => id);
    const id = await ask(ofLab);
    await ask(ofLab, { group: "lab" });
    for (const beyond of [{ device_ids: [device.id, other.id] }, { device_ids: ["none"] }, { group: "yard" }])
      expect((await call(ofLab, "POST", "/grants", { until: later(), ...beyond })).status).toBe(403);
    const ofOther = await ask(user, { device_ids: [other.id] });
    for (const some of [ofLab, await aUser(server, { roles: ["any", "RBAC_ROLE_REMOTE_TERMINAL"] })]) {
      expect(await theirs(some)).not.toContain(ofOther);
      expect((await decide(some, ofOther, "approve")).status).toBe(404);
    }
    expect(await theirs(ofLab)).toHaveLength(2);
    await demand();
    expect(refusal(await connect(ofLab))).toEqual(NEEDS_GRANT);
    expect((await decide(admin, id, "approve")).status).toBe(200);
    expect(refusal(await connect(ofLab))).not.toEqual(NEEDS_GRANT);
    expect((await decide(ofLab, id, "revoke")).status).toBe(200);
  });

  it("may be approved by the owner of all devices that it names, as their tags have it at the time", async () => {
    const owner = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"], email: "owner@example.com" });
    const other = await aDevice(server);
    await inInventory(server, [device, other], "lab");
    const own = (one: TestDevice, value: string) =>
      server.call("PUT", `/api/management/v1/inventory/devices/${one.id}/tags`, {
        token: admin.token,
        json: [{ name: "owner", value }],
      });
    const theirs = async () =>
      (await call(owner, "GET", "/grants")).json<{ id: string }[]>().map(({ id }) => id);
    const id = await ask();
    const [both, group] = [
      await ask(user, { device_ids: [device.id, other.id] }),
      await ask(user, { group: "lab" }),
    ];
    expect([await theirs(), (await decide(owner, id, "approve")).status]).toEqual([[], 404]);
    await own(device, "Owner@example.com");
    await own(other, user.email);
    expect(await theirs()).toEqual([id]);
    for (const foreign of [both, group]) expect((await decide(owner, foreign, "approve")).status).toBe(404);
    const ofUsers = await ask(user, { device_ids: [other.id] });
    expect(refusal(await decide(user, ofUsers, "approve"))).toEqual([403, "somebody else has to approve"]);
    expect((await decide(owner, id, "approve")).json()).toMatchObject({
      status: "approved",
      decided_by: owner.id,
    });
    await own(other, owner.email);
    expect((await decide(owner, both, "refuse")).json()).toMatchObject({ status: "refused" });
    expect((await decide(owner, id, "revoke")).json()).toMatchObject({ status: "revoked" });
    const stranger = await aUser(server, { tenant: "acme" });
    expect((await decide(stranger, group, "approve")).status).toBe(404);
  });

  it("is for the device or the group that was named, as that is now", async () => {
    const { fake } = await connectFake(server, device);
    fake.files.set("/a", new Uint8Array(1));
    await demand();
    await granted({ device_ids: ["another"] });
    expect(refusal(await download())).toEqual(NEEDS_GRANT);
    await granted({ group: "lab" });
    expect(refusal(await download())).toEqual(NEEDS_GRANT);
    await inInventory(server, [device], "lab");
    expect((await download()).status).toBe(200);
  });

  it("ends open sessions at once when it is revoked, by whoever holds or decides on it", async () => {
    await demand();
    for (const by of [admin, user]) {
      const id = await granted();
      const local = await openSession();
      expect((await decide(by, id, "revoke")).json()).toMatchObject({ status: "revoked" });
      await server.deliverEvents();
      expect(await untilClosed(local)).toEqual({ code: 1008, reason: "access revoked" });
      expect(refusal(await connect())).toEqual(NEEDS_GRANT);
    }
  });

  it("ends sessions without a grant when the tenant begins to demand one", async () => {
    const local = await openSession();
    await demand();
    await server.deliverEvents();
    expect(await untilClosed(local)).toEqual({ code: 1008, reason: "access revoked" });
  });

  it("ends by itself at its time", async () => {
    await demand();
    await granted();
    const local = await openSession();
    server.advance(HOUR_MS + 1);
    await runDurableObjectAlarm(stub());
    expect(await untilClosed(local)).toMatchObject({ code: 1008 });
    expect(refusal(await connect())).toEqual(NEEDS_GRANT);
    expect((await call(user, "GET", "/grants")).json()).toMatchObject([{ status: "expired" }]);
  });

  it("leaves no session when it is revoked while the socket opens", async () => {
    await demand();
    for (let i = 0; i < 5; i += 1) {
      const id = await granted();
      await connectFake(server, device);
      const path = `${DEVICECONNECT}/devices/${device.id}/connect`;
      const [opened] = await Promise.all([upgrade(server, path, user.token), decide(admin, id, "revoke")]);
      await server.deliverEvents();
      expect([101, 401, 403]).toContain(opened.status);
      if (opened.webSocket)
        expect(await untilClosed(new Peer(opened.webSocket))).toEqual({
          code: 1008,
          reason: "access revoked",
        });
      expect(await rowsOf("SELECT 1 FROM device_sessions WHERE ended_ms IS NULL")).toEqual([]);
    }
  });

  it("lets one of two decisions at once count", async () => {
    const second = await aUser(server);
    const id = await ask();
    const answers = await Promise.all([decide(admin, id, "approve"), decide(second, id, "refuse")]);
    expect(statusesOf(answers)).toEqual([200, 409]);
    expect(await rowsOf("SELECT 1 FROM audit_log WHERE action IN ('approve', 'refuse')")).toHaveLength(1);
  });

  it("shows all to who decides and the own to others, and is on record", async () => {
    const id = await granted();
    await decide(admin, id, "revoke");
    const other = await aUser(server, { roles: ["RBAC_ROLE_REMOTE_TERMINAL"] });
    expect((await call(other, "GET", "/grants")).json()).toEqual([]);
    expect((await call(user, "GET", "/grants")).json()).toHaveLength(1);
    expect((await call(admin, "GET", "/grants")).json()).toMatchObject([
      { id, kind: "remote", user_id: user.id, device_ids: [device.id], reason: "it is down" },
    ]);
    const told = await rowsOf(
      "SELECT actor_id, action, change FROM audit_log WHERE object_type = 'access_grant' ORDER BY position",
    );
    const change = expect.stringContaining(`access of ${user.email} to ${device.id} until `);
    expect(told).toEqual([
      { actor_id: user.id, action: "ask", change },
      { actor_id: admin.id, action: "approve", change },
      { actor_id: admin.id, action: "revoke", change },
    ]);
  });

  it.each([
    [{ device_ids: [] }, "device_ids: either devices or a group must be named."],
    [{ device_ids: ["d"], group: "g" }, "device_ids: either devices or a group must be named."],
    [{ device_ids: ["d"], until: "soon" }, "until: must be a time."],
    [{ device_ids: Array.from({ length: 101 }, String) }, "device_ids: must have no more than 100."],
    [{ device_ids: ["d"], reason: "x".repeat(501) }, "reason: the length must be no more than 500."],
  ])("refuses %j", async (more, error) => {
    const answer = await call(user, "POST", "/grants", { until: later(), ...more });
    expect(refusal(answer)).toEqual([400, error]);
  });

  it("refuses an end that has passed or is far away, a user that is not there, and a flood", async () => {
    const at = (until: string, more = {}) =>
      call(user, "POST", "/grants", { device_ids: ["d"], until, ...more });
    expect(refusal(await at(later(0)))).toEqual([400, "until: must be in the future."]);
    expect(refusal(await at(later(31 * 24 * HOUR_MS)))).toEqual([
      400,
      "until: must be no more than 30 days away.",
    ]);
    expect(refusal(await at(later(), { user_id: "nobody" }))).toEqual([422, "user not found"]);
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
       INSERT INTO access_grants SELECT 'default', i, 'remote', 'u', 'e', '[]', NULL, '', 'asked', ?, 'u', 0, NULL, NULL FROM n`,
    )
      .bind(server.now + 1000)
      .run();
    expect(refusal(await at(later()))).toEqual([422, "too many open grants"]);
    server.advance(1001);
    expect((await at(later())).status).toBe(201);
  });
});

describe("support access", () => {
  const operator = (method: string, path: string, json?: unknown) =>
    server.call(method, path, { token: OPERATOR_TOKEN, json });
  const devices = "/api/internal/v1/devauth/tenants/default/devices";
  const REFUSED = [403, "support access takes a grant of the tenant"];

  it("is the operator's until the tenant demands a grant, and then by that alone, on record [differs: support-consent]", async () => {
    expect((await operator("GET", devices)).status).toBe(200);
    await demand({ remote_access: false, support_access: true });
    const calls = [
      ["GET", devices],
      ["DELETE", `${devices}/${device.id}`],
      ["GET", "/api/operator/v1/users?tenant=default"],
      ["POST", "/api/operator/v1/users", { email: "new@example.com", password: "correct horse battery" }],
      ["PUT", "/api/operator/v1/users/password", { email: user.email, password: "correct horse battery" }],
      ["DELETE", `/api/operator/v1/users?email=${encodeURIComponent(user.email)}`],
    ] as const;
    for (const [method, path, json] of calls)
      expect([path, ...refusal(await operator(method, path, json))]).toEqual([path, ...REFUSED]);
    expect((await operator("GET", "/api/operator/v1/tenants/default")).status).toBe(200);
    expect((await operator("GET", "/api/internal/v1/tenantadm/tenants/default")).status).not.toBe(403);

    const answer = await call(admin, "POST", "/support", { until: later(), reason: "ticket 7" });
    expect([answer.status, answer.json()]).toMatchObject([201, { kind: "support", status: "approved" }]);
    expect((await operator("GET", devices)).status).toBe(200);
    const told = () => rowsOf("SELECT actor_type, change FROM audit_log WHERE action = 'support_access'");
    expect(await told()).toEqual([{ actor_type: "operator", change: `GET ${devices}` }]);
    await decide(admin, answer.json<{ id: string }>().id, "revoke");
    expect(refusal(await operator("GET", devices))).toEqual(REFUSED);
    await call(admin, "POST", "/support", { until: later() });
    server.advance(HOUR_MS + 1);
    expect(refusal(await operator("GET", devices))).toEqual(REFUSED);
    expect(await told()).toHaveLength(1);
  });

  it("is asked for to start workflows in a tenant that a body names, and to look at its jobs", async () => {
    await aUser(server, { tenant: "acme" });
    const start = (...inputs: object[]) =>
      inputs.length === 1
        ? operator("POST", "/api/v1/workflow/provision_device", inputs[0])
        : operator("POST", "/api/v1/workflow/provision_device/batch", inputs);
    const input = (tenant_id = "default") => ({
      request_id: "r",
      device_id: device.id,
      device: "{}",
      status: "accepted",
      tenant_id,
    });
    const started = await start(input());
    expect([started.status, started.text]).toEqual([201, expect.any(String)]);
    const { id } = started.json<{ id: string }>();
    const places = [`/api/v1/jobs/${id}`, `/api/operator/v1/jobs/${id}`];
    for (const place of places) expect((await operator("GET", place)).status).toBe(200);
    await demand({ remote_access: false, support_access: true });
    expect(refusal(await start(input()))).toEqual(REFUSED);
    expect(refusal(await start(input("acme"), input("default")))).toEqual(REFUSED);
    expect(await rowsOf("SELECT 1 FROM jobs")).toHaveLength(1);
    expect((await start(input("acme"))).status).toBe(201);
    for (const place of places) expect(refusal(await operator("GET", place))).toEqual(REFUSED);
    await call(admin, "POST", "/support", { until: later() });
    expect((await start(input("acme"), input("default"))).status).toBe(201);
    for (const place of places) expect((await operator("GET", place)).status).toBe(200);
    expect(
      await rowsOf("SELECT change FROM audit_log WHERE action = 'support_access' ORDER BY position"),
    ).toEqual([
      { change: "start the workflow provision_device" },
      { change: `look at the job ${id}` },
      { change: `look at the job ${id}` },
    ]);
  });

  it("is granted by who manages the settings of that tenant", async () => {
    expect((await call(user, "POST", "/support", { until: later() })).status).toBe(403);
    expect((await call(admin, "POST", "/support", { until: "x" })).status).toBe(400);
    await demand({ remote_access: false, support_access: true });
    const stranger = await aUser(server, { tenant: "acme" });
    await call(stranger, "POST", "/support", { until: later() });
    expect(refusal(await operator("GET", devices))).toEqual(REFUSED);
  });
});
