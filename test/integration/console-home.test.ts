import { beforeEach, expect, it } from "vitest";
import { aDevice, aUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, DEVICE_V2, inInventory, poll, report } from "../support/deployments.ts";
import { env, Server } from "../support/server.ts";

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
