import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aUser, type TestDevice } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, DEVICE_V2, inInventory, poll, report } from "../support/deployments.ts";
import { env, served, Server } from "../support/server.ts";
import { withoutHead } from "../support/without-head.ts";

const PATH = "/api/management/v1/console/home";

let server: Server;
beforeEach(async () => {
  server = await Server.start();
});

interface Home {
  lines: { kind: string; count: number; name?: string; href: string }[];
  running: { id: string; devices: number; success: number; failure: number }[];
  devices: { accepted: number };
}

interface Outlook {
  finish_ts?: string;
  waits_for?: object;
}

const head = () => env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));

const home = async (token: string) => (await server.call("GET", PATH, { token })).json<Home>();

/** A deployment to one device that fails. */
async function aFailure() {
  const user = await aUser(server);
  const devices = [await aDevice(server), await aDevice(server)];
  const [first] = devices;
  await inInventory(server, devices, "lab");
  await anArtifact(server);
  const id = await deploy(server, user, devices);
  const token = first!.token;
  const json = { device_provides: { device_type: "pi4", artifact_name: "release-1" } };
  const next = (await server.call("POST", `${DEVICE_V2}/next`, { token, json })).json<{ id: string }>();
  await server.call("PUT", `${DEVICE}/${next.id}/status`, { token, json: { status: "failure" } });
  return { user, id };
}

it("nothing needs anybody on a server where nothing is wrong, and that is found in three trips at most", async () => {
  const { token } = await aUser(server);
  const answer = await server.call("GET", PATH, { token });
  expect([answer.status, answer.cost.trips <= 3]).toEqual([200, true]);
  expect(answer.json()).toMatchObject({ lines: [], more: 0, running: [] });
});

it("a deployment that fails comes before devices that wait", async () => {
  const { user, id } = await aFailure();
  await env.DB.prepare(
    "INSERT INTO device_counts (tenant_id, status, tier, devices) VALUES (?, 'pending', 'standard', 3)",
  )
    .bind(user.tenant)
    .run();
  const { lines, running } = await home(user.token);
  expect(lines).toMatchObject([
    { kind: "deployment_failing", count: 1, name: "to 2", href: `/deployments/${id}` },
    { kind: "devices_pending", count: 3, href: "/admission" },
  ]);
  expect(running).toMatchObject([{ id, devices: 2, success: 0, failure: 1 }]);
});

it("a paused one is told as such, with the reason", async () => {
  const { user, id } = await aFailure();
  const paused = await server.call("POST", `/api/management/v1/deployments/deployments/${id}/pause`, {
    token: user.token,
    json: { reason: "looking" },
  });
  expect(paused.status).toBe(204);
  const { lines, running } = await home(user.token);
  expect(lines).toMatchObject([{ kind: "deployment_paused", reason: "looking" }]);
  expect(running).toEqual([]);
});

it("leaves out what the roles do not allow, and what is another tenant's", async () => {
  await aFailure();
  const ci = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
  const stranger = await aUser(server, { tenant: "other" });
  for (const { token } of [ci, stranger]) expect(await home(token)).toMatchObject({ lines: [], running: [] });
});

it("tells a new tenant what of the first steps is done, to who can take them, until all are", async () => {
  const user = await aUser(server);
  const first = async () =>
    (await server.call("GET", PATH, { token: user.token })).json<{ first?: object }>().first;
  expect(await first()).toEqual({ connected: false, accepted: false, uploaded: false, deployed: false });
  const observer = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
  expect(await home(observer.token)).not.toHaveProperty("first");
  await env.DB.prepare(
    "INSERT INTO device_counts (tenant_id, status, tier, devices) VALUES (?, 'pending', 'standard', 1)",
  )
    .bind(user.tenant)
    .run();
  expect(await first()).toEqual({ connected: true, accepted: false, uploaded: false, deployed: false });
  const device = await aDevice(server);
  await inInventory(server, [device]);
  await anArtifact(server);
  expect(await first()).toMatchObject({ uploaded: true, deployed: false });
  await deploy(server, user, [device]);
  await env.DB.prepare("UPDATE deployment_counters SET success = 1").run();
  await env.DB.prepare(
    "INSERT OR REPLACE INTO device_counts (tenant_id, status, tier, devices) VALUES (?, 'accepted', 'standard', 1)",
  )
    .bind(user.tenant)
    .run();
  expect(await first()).toBeUndefined();
});

it("tells of devices that fell silent since yesterday and of what runs out, to who sees all devices", async () => {
  const user = await aUser(server);
  const raise = (kind: string, object: string, raisedMs: number, acknowledged: string | null = null) =>
    env.DB.prepare(
      "INSERT INTO server_alerts (tenant_id, raised_ms, kind, object, level, text, acknowledged) VALUES (?, ?, ?, ?, 'WARNING', 'x', ?)",
    )
      .bind(user.tenant, raisedMs, kind, object, acknowledged)
      .run();
  const hour = 3_600_000;
  await raise("silent", "a", server.now - hour);
  await raise("silent", "b", server.now - 2 * hour);
  await raise("silent", "long ago", server.now - 30 * hour);
  await raise("silent", "seen", server.now - hour, "{}");
  await raise("expiry", "certificate", server.now - 40 * hour);
  const { lines } = await home(user.token);
  expect(lines).toMatchObject([
    { kind: "devices_silent", count: 2, href: "/alerts?subject=silent" },
    { kind: "expiring", count: 1, href: "/alerts?subject=expiry" },
  ]);
  const stranger = await aUser(server, { tenant: "other" });
  expect((await home(stranger.token)).lines).toEqual([]);
});

it("is for users", async () => {
  const device = await aDevice(server);
  expect((await server.call("GET", PATH)).status).toBe(401);
  expect((await server.call("GET", PATH, { token: device.token })).status).toBe(401);
});

it("tells of a running deployment when 95 % will have ended it, once some have", async () => {
  const user = await aUser(server);
  const devices = await Promise.all(Array.from({ length: 10 }, () => aDevice(server)));
  await inInventory(server, devices);
  await anArtifact(server);
  const id = await deploy(server, user, devices);
  const begunMs = server.now;
  const running = async () =>
    (await server.call("GET", PATH, { token: user.token })).json<{ running: { finish_ts?: string }[] }>()
      .running;
  server.advance(600_000);
  for (const device of devices.slice(0, 5)) {
    expect((await running())[0]?.finish_ts).toBeUndefined();
    await poll(server, device);
    await report(server, device, id, "success");
  }
  const [one] = await running();
  expect(Date.parse(one?.finish_ts ?? "")).toBe(begunMs + 600_000 + 600_000 * 0.9);
});

it("says of a deployment in phases which one waits for what, and once all have opened when it is through", async () => {
  const user = await aUser(server);
  const devices = await Promise.all(Array.from({ length: 4 }, () => aDevice(server)));
  await inInventory(server, devices);
  await anArtifact(server);
  const phases = [{ batch_size_devices: 1 }, { batch_size_devices: 1 }, {}];
  const gates = [
    { phase: 2, approvals: 1 },
    { phase: 3, after_s: 86_400 },
  ];
  const id = await deploy(server, user, devices, { phases, rollout: { order: "arrival", gates } });
  const outlook = async () => {
    const answer = await server.call("GET", PATH, { token: user.token });
    expect(answer.cost.trips).toBeLessThanOrEqual(3);
    const path = `/api/management/v1/deployments/deployments/${id}/progress`;
    const progress = await server.call("GET", path, { token: user.token });
    expect(progress.cost.trips).toBeLessThanOrEqual(2);
    const [one] = answer.json<{ running: Outlook[] }>().running;
    const { finish_ts, waits_for } = progress.json<Outlook>();
    expect([one?.finish_ts, one?.waits_for]).toEqual([finish_ts, waits_for]);
    return { ...(finish_ts && { finish_ts }), ...(waits_for && { waits_for }) };
  };
  await poll(server, devices[0]!);
  await report(server, devices[0]!, id, "success");
  expect(await outlook()).toEqual({ waits_for: { phase: 2, approvals: 1 } });
  const approve = `/api/management/v1/deployments/deployments/${id}/approve`;
  const approved = await server.call("POST", approve, { token: user.token });
  expect(approved.status).toBe(204);
  const openedMs = server.now + 86_400_000;
  await runDurableObjectAlarm(head());
  server.advance(60_000);
  const finish = Date.parse((await outlook()).finish_ts ?? "");
  // The fleet was heard of a moment ago, and an update takes minutes at most.
  expect(finish).toBeGreaterThanOrEqual(openedMs);
  expect(finish).toBeLessThanOrEqual(openedMs + 900_000);
  const paused = `/api/management/v1/deployments/deployments/${id}/pause`;
  expect((await server.call("POST", paused, { token: user.token, json: {} })).status).toBe(204);
  const path = `/api/management/v1/deployments/deployments/${id}/progress`;
  const progress = (await server.call("GET", path, { token: user.token })).json<Outlook>();
  expect([progress.finish_ts, progress.waits_for]).toEqual([undefined, undefined]);
});

describe("devices by hour", () => {
  const HOUR_MS = 3_600_000;

  const check = (device: TestDevice, bindings?: Env) => {
    const path = `${DEVICE}/next?device_type=pi4&artifact_name=release-1`;
    return server.call("GET", path, { token: device.token }, bindings ?? server.env);
  };

  const seen = async (token: string) =>
    (await server.call("GET", PATH, { token })).json<{
      seen?: { from_ts: string; hours: (number | null)[] };
    }>().seen;

  /** The hours of which something is known, by how long ago they began. */
  const known = async (token: string) =>
    Object.fromEntries(
      ((await seen(token))?.hours ?? []).flatMap((count, i, { length }) =>
        count === null ? [] : [[length - 1 - i, count]],
      ),
    );

  const atStartOfHour = () => server.advance(HOUR_MS - (server.now % HOUR_MS));

  it("count each device once, outlive a head that falls asleep, and are gaps where nothing is known", async () => {
    const { token } = await aUser(server);
    expect(await seen(token)).toBeUndefined();
    const [one, other] = [await aDevice(server), await aDevice(server)];
    atStartOfHour();
    for (const device of [one, other, one]) {
      expect((await check(device)).status).toBe(204);
      server.advance(1000);
      await evictDurableObject(head());
    }
    expect(await known(token)).toMatchObject({ 0: 2 });
    expect(await runDurableObjectAlarm(head())).toBe(true);
    await evictDurableObject(head());
    server.advance(600_000);
    await check(one);
    await runDurableObjectAlarm(head());
    expect(await known(token)).toMatchObject({ 0: 2 });
    server.advance(2 * HOUR_MS);
    await check(one);
    const told = await seen(token);
    expect(told?.hours).toHaveLength(168);
    expect(told?.hours.slice(-3)).toEqual([2, null, 1]);
    expect(Date.parse(told?.from_ts ?? "")).toBe(Math.floor(server.now / HOUR_MS) * HOUR_MS - 167 * HOUR_MS);
    server.advance(8 * 24 * HOUR_MS);
    expect(await known(token)).toEqual({});
  });

  it("are none where the server was at work and heard of nobody", async () => {
    const { token } = await aUser(server);
    await check(await aDevice(server));
    await runDurableObjectAlarm(head());
    atStartOfHour();
    for (let minute = 0; minute < 5; minute++) {
      await runSweeps(await server.deps(), { "find-trouble": EVERY_MINUTE["find-trouble"]! });
      server.advance(60_000);
    }
    expect(await known(token)).toMatchObject({ 0: 0 });
    server.advance(HOUR_MS);
    expect(await known(token)).not.toHaveProperty("0");
  });

  it("are the same where processes answer the checks, and cost no check anything", async () => {
    const { token } = await aUser(server);
    const devices = [await aDevice(server), await aDevice(server), await aDevice(server)];
    await runDurableObjectAlarm(head());
    atStartOfHour();
    const relaxed = { ...server.env, CHECK_MODE: "relaxed" };
    await runInDurableObject(head(), (instance: TenantHead) => {
      Object.assign(instance, { env: { ...served, CHECK_MODE: "relaxed" } });
    });
    for (const device of [...devices, ...devices]) {
      expect(await check(device, relaxed)).toMatchObject({ status: 204, cost: { trips: 0, written: 0 } });
      server.advance(6000);
    }
    await check(devices[0]!, relaxed);
    await runDurableObjectAlarm(head());
    expect(await known(token)).toMatchObject({ 0: 3 });
  });

  it("are told to who sees all devices of the tenant, and the page does without while the head is away", async () => {
    const user = await aUser(server);
    await check(await aDevice(server));
    expect(await known(user.token)).toMatchObject({ 0: 1 });
    const stranger = await aUser(server, { tenant: "other" });
    const ci = await aUser(server, { roles: ["RBAC_ROLE_CI"] });
    const json = {
      name: "of-lab",
      permission_sets_with_scope: [{ name: "ReadDevices", scope: { type: "DeviceGroups", value: ["lab"] } }],
    };
    const made = await server.call("POST", "/api/management/v2/useradm/roles", { token: user.token, json });
    expect(made.status).toBe(201);
    const scoped = await aUser(server, { roles: ["of-lab"] });
    for (const { token } of [stranger, ci, scoped]) expect(await seen(token)).toBeUndefined();
    const answer = await server.call("GET", PATH, { token: user.token }, withoutHead(server));
    expect([answer.status, answer.json()]).toMatchObject([200, { devices: { accepted: 1 } }]);
    expect(answer.json()).not.toHaveProperty("seen");
  });
});

it("counts receivers of all kinds that do not take what is sent, for who manages them", async () => {
  const user = await aUser(server);
  const json = { name: "ours", types: ["*"], target: "https://hooks.example.com/" };
  const made = await server.call("POST", "/api/management/v1/webhooks", { token: user.token, json });
  expect(made.status).toBe(201);
  expect(await home(user.token)).toMatchObject({ lines: [] });
  await env.DB.prepare("UPDATE event_receivers SET failures = 1 WHERE tenant_id = ?").bind(user.tenant).run();
  expect((await home(user.token)).lines).toEqual([
    { kind: "integrations_failing", count: 1, href: "/integrations" },
  ]);
  const reader = await aUser(server, { roles: ["RBAC_ROLE_OBSERVER"] });
  expect(await home(reader.token)).toMatchObject({ lines: [] });
});
