import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeEach, expect, it } from "vitest";
import { EVERY_MINUTE, runSweeps } from "../../src/app/sweeps.ts";
import { makeFrame, PROTO } from "../../src/deviceconnect/frame.ts";
import { EVENT_TYPES, type EventType } from "../../src/platform/event-types.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, inInventory, MANAGEMENT, poll, report } from "../support/deployments.ts";
import { DeviceAdmin } from "../support/device-auth.ts";
import { env, OPERATOR_TOKEN, Server } from "../support/server.ts";
import { SigningDevice } from "../support/signing-device.ts";
import { connectFake, Peer, userSocket } from "../support/sockets.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const USERADM = "/api/management/v1/useradm";
/** Is sent to its receiver alone. */
const NOT_LISTED: readonly EventType[] = ["webhook.test"];

let server: Server;
let admin: TestUser;
beforeEach(async () => {
  server = await Server.start();
  admin = await aUser(server);
});

interface Event {
  specversion: string;
  id: string;
  source: string;
  type: EventType;
  subject: string;
  time: string;
  datacontenttype: string;
  sequence: string;
  deviceid?: string;
  deploymentid?: string;
  data: Record<string, unknown>;
}

const call = async (method: string, path: string, json?: unknown, by: { token: string } = admin) => {
  const answer = await server.call(method, path, { token: by.token, ...(json !== undefined && { json }) });
  expect([method, path, answer.status < 300]).toEqual([method, path, true]);
  server.advance(1);
  return answer;
};
const listed = async (type: string) =>
  (await call("GET", `/api/management/v1/events?limit=500&type=${type}`)).json<{ events: Event[] }>().events;

async function ofDevices(): Promise<void> {
  const devices = new DeviceAdmin(server, admin);
  const { id, set } = await devices.admit(new SigningDevice({ mac: "a" }));
  await devices.putStatus(id, set, "rejected");
  await devices.putStatus(id, set, "accepted");
  const { pem } = new SigningDevice({ mac: "b" });
  await devices.call("POST", "/devices", { identity_data: { mac: "b" }, pubkey: pem });
  await devices.call("DELETE", `/devices/${id}/auth/${set}`);
  await devices.call("DELETE", `/devices/${id}`);
}

/** What a device tells of itself. */
async function byDevice(device: TestDevice): Promise<void> {
  await call("PATCH", "/api/devices/v1/inventory/device/attributes", [{ name: "os", value: "a" }], device);
  await call("PUT", "/api/devices/v1/deviceconfig/configuration", { interval: "5" }, device);
  for (const level of ["CRITICAL", "OK"]) {
    const subject = { name: "crond", status: "x", type: "service" };
    const alert = { name: "Service crond", level, timestamp: new Date(server.now).toISOString(), subject };
    await call("POST", "/api/devices/v1/devicemonitor/alert", [alert], device);
  }
}

async function sweep(): Promise<void> {
  await runSweeps(await server.deps(), EVERY_MINUTE);
  await server.deliverEvents();
}

async function ofSilence(device: TestDevice): Promise<void> {
  const look = async () => {
    for (let minute = 0; minute < 5; minute++) {
      await runSweeps(await server.deps(), { "find-trouble": EVERY_MINUTE["find-trouble"]! });
      server.advance(MINUTE_MS);
    }
  };
  const head = env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));
  await look();
  for (let time = 0; time < 3; time++) {
    server.advance(10 * MINUTE_MS);
    await poll(server, device);
    await runDurableObjectAlarm(head);
  }
  for (let time = 0; time < 10; time++) await look();
  await poll(server, device);
  // Contacts beside a deployment are told in the background, which the next request brings about.
  server.advance(MINUTE_MS);
  await listed("device.back");
  await look();
}

async function ofSessions(device: TestDevice): Promise<void> {
  const { peer: deviceEnd } = await connectFake(server, device);
  const peer = new Peer(await userSocket(server, admin, device));
  peer.send(makeFrame({ proto: PROTO.shell, typ: "new", body: new Uint8Array() }));
  await peer.until(() => peer.frames.length > 0);
  peer.close();
  await peer.until(() => peer.closed !== undefined);
  deviceEnd.close();
  await deviceEnd.until(() => deviceEnd.closed !== undefined);
}

async function ofDeployments(devices: TestDevice[]): Promise<void> {
  const [one, two] = devices as [TestDevice, TestDevice];
  await anArtifact(server);
  const done = await deploy(server, admin, [one]);
  await poll(server, one);
  for (const status of ["downloading", "success"]) await report(server, one, done, status);
  const halted = await deploy(server, admin, devices, { rollout: { stop: [{ devices: 1 }] } });
  await poll(server, two, { artifact_name: "release-0" });
  await report(server, two, halted, "failure");
  const phases = [{ batch_size: 50 }, { start_ts: new Date(server.now + HOUR_MS).toISOString() }];
  const opening = await deploy(server, admin, devices, { phases });
  server.advance(HOUR_MS + MINUTE_MS);
  await sweep();
  await call("PUT", `${MANAGEMENT}/${opening}/status`, { status: "aborted" });
  await steered(devices, { failed: halted, updated: done });
}

/** What people do with deployments that are there. */
async function steered(devices: TestDevice[], { failed, updated }: Record<"failed" | "updated", string>) {
  const [phases, gates] = [[{ batch_size: 50 }, {}], [{ phase: 2, approvals: 2 }]];
  const id = await deploy(server, admin, devices, { name: "steered", phases, rollout: { gates } });
  const path = `${MANAGEMENT}/${id}`;
  await call("POST", `${path}/pause`, { reason: "a visitor" });
  await call("POST", `${path}/resume`);
  await call("POST", `${path}/approve`);
  await call("POST", `${path}/widen`);
  await call("PATCH", `${path}/rollout`, { per_minute: 5, at_once: 2 });
  await call("PUT", `${path}/status`, { status: "aborted" });
  await call("POST", `${MANAGEMENT}/${failed}/retry`);
  await call("POST", `${MANAGEMENT}/${updated}/revert`, { artifact_name: "release-2" });
  const rollouts = "/api/management/v1/deployments/rollouts";
  const windows = { zone: "UTC", weekly: [{ days: ["mon"], from: "01:00", to: "02:00" }] };
  await call("PUT", `${rollouts}/settings`, { approvals: 0 });
  await call("PUT", `${rollouts}/settings/groups/lab/windows`, windows);
  await call("DELETE", `${rollouts}/settings/groups/lab/windows`);
  await call("POST", `${rollouts}/templates`, { name: "night", body: { artifact_name: "release-2" } });
  await server.deliverEvents();
  const ours = (await listed("deployment.*,rollout.*")).filter(({ data }) => "by" in data);
  expect(ours.map(({ type, data, deploymentid }) => [type, deploymentid, data])).toEqual([
    ["deployment.paused", id, { by: admin.id, reason: "a visitor" }],
    ["deployment.resumed", id, { by: admin.id }],
    ["deployment.approved", id, { by: admin.id }],
    ["deployment.widened", id, { by: admin.id }],
    ["deployment.changed", id, { by: admin.id, members: ["per_minute", "at_once"] }],
    [
      "deployment.retried",
      failed,
      { by: admin.id, successor: expect.any(String), artifact_name: "release-2" },
    ],
    [
      "deployment.reverted",
      updated,
      { by: admin.id, successor: expect.any(String), artifact_name: "release-2" },
    ],
    ["rollout.settings_changed", undefined, { by: admin.id, approvals: 0 }],
    ["rollout.settings_changed", undefined, { by: admin.id, group: "lab" }],
    ["rollout.settings_changed", undefined, { by: admin.id, group: "lab" }],
    ["rollout.template_changed", undefined, { by: admin.id, action: "create", name: "night" }],
  ]);
}

async function ofUsers(): Promise<void> {
  const json = { email: "ada@example.com", password: "correct horse battery" };
  const { headers } = await call("POST", `${USERADM}/users`, json);
  const id = headers.get("location")!.split("/").at(-1)!;
  const role = {
    name: "viewers",
    permissions: [{ action: "VIEW_DEVICE", object: { type: "DEVICE_GROUP", value: "a" } }],
  };
  await call("POST", `${USERADM}/roles`, role);
  await call("PUT", `${USERADM}/users/${id}`, { email: "ann@example.com" });
  await call("DELETE", `${USERADM}/users/${id}`);
  await call("POST", `${USERADM}/settings/tokens`, { name: "ci", expires_in: 3600 });
  const [token] = (await call("GET", `${USERADM}/settings/tokens`)).json<{ id: string }[]>();
  await call("DELETE", `${USERADM}/settings/tokens/${token!.id}`);
}

async function ofTheTenant(): Promise<void> {
  for (const status of ["suspended", "active"])
    await call("PUT", "/api/operator/v1/tenants/default/status", { status }, { token: OPERATOR_TOKEN });
  await server.deliverEvents();
  admin = await aUser(server);
}

it("tells of each type of events as what it stands for happens, in its schema and the envelope of CloudEvents 1.0", async () => {
  const devices = [await aDevice(server), await aDevice(server)];
  await inInventory(server, devices, "lab");
  await ofDevices();
  await byDevice(devices[0]!);
  await ofSessions(devices[0]!);
  await ofDeployments(devices);
  await ofUsers();
  await server.deliverEvents();
  await ofSilence(devices[1]!);
  await ofTheTenant();
  const all = await listed("*");
  const told = new Set(all.map(({ type }) => type));
  const types = Object.keys(EVENT_TYPES) as EventType[]; // its own keys
  expect(types.filter((type) => !told.has(type))).toEqual(NOT_LISTED);
  for (const event of all) {
    const { type, data, id, time, sequence, subject, deviceid, deploymentid } = event;
    expect(EVENT_TYPES[type].data.safeParse(data)).toMatchObject({ success: true, data });
    expect(event).toMatchObject({
      specversion: "1.0",
      source: "/tenants/default",
      datacontenttype: "application/json",
    });
    expect([typeof id, typeof subject, Number(sequence) > 0]).toEqual(["string", "string", true]);
    expect(new Date(time).toISOString()).toBe(new Date(Date.parse(time)).toISOString());
    const [area] = type.split(".");
    const isOfDevice = ["device", "session", "configuration"].includes(area!);
    expect([type, deviceid !== undefined || !isOfDevice]).toEqual([type, true]);
    expect([type, deploymentid !== undefined || area !== "deployment"]).toEqual([type, true]);
  }
  expect(all.map(({ sequence }) => Number(sequence))).toEqual(all.map((_, i) => i + 1));
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
}, 120_000);
