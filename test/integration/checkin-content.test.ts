import { runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, it } from "vitest";
import type { TenantHead } from "../../durable-objects/tenant-head.ts";
import type { Env } from "../../src/platform/env.ts";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, MANAGEMENT } from "../support/deployments.ts";
import { env, served, Server } from "../support/server.ts";

/** In relaxed mode the check after an update needs nobody, as long as nothing has changed since. */

let server: Server;
let user: TestUser;
let devices: TestDevice[];
let bindings: Env;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  devices = [];
  for (let i = 0; i < 4; i++) devices.push(await aDevice(server));
  bindings = { ...server.env };
  const head = env.TENANT_HEAD.get(env.TENANT_HEAD.idFromName("default"));
  await runInDurableObject(head, (instance: TenantHead) => {
    Object.assign(instance, { env: { ...served, CHECK_MODE: "relaxed" } });
  });
});

const check = (of: TestDevice, release = "release-1") => {
  const asking = new URLSearchParams({ device_type: "pi4", artifact_name: release }).toString();
  return server.call("GET", `${DEVICE}/next?${asking}`, { token: of.token }, bindings);
};

const costOf = async (of: TestDevice) => {
  const { status, cost } = await check(of, "release-2");
  return [status, cost.trips, cost.objects];
};

const report = (of: TestDevice, id: string, status: string) =>
  server.call("PUT", `${DEVICE}/${id}/status`, { token: of.token, json: { status } }, bindings);

/** Takes all devices but the last into a deployment, and the first two to its end. */
async function updated(): Promise<string> {
  const id = await deploy(server, user, devices.slice(0, 3));
  for (const of of devices) await check(of);
  server.advance(5000);
  for (const of of devices.slice(0, 3)) {
    expect((await check(of)).status).toBe(200);
    await report(of, id, "downloading");
    await report(of, id, "installing");
  }
  for (const of of devices.slice(0, 2)) expect((await report(of, id, "success")).status).toBe(204);
  return id;
}

it("needs nobody, and the head again after a change", async () => {
  await updated();
  expect(await costOf(devices[0] as TestDevice)).toEqual([204, 0, 0]);
  server.advance(5000);
  expect((await costOf(devices[1] as TestDevice)).slice(0, 2)).toEqual([204, 0]); // may visit the head
  expect(await costOf(devices[0] as TestDevice)).toEqual([204, 0, 0]);
  await deploy(server, user, devices.slice(3), { name: "for another" });
  server.advance(5000);
  const [, trips] = await costOf(devices[0] as TestDevice);
  expect(trips).toBe(1);
});

it("gives the device what it is targeted by next, five seconds later at the latest", async () => {
  await updated();
  expect(await costOf(devices[0] as TestDevice)).toEqual([204, 0, 0]);
  const next = await deploy(server, user, devices, { name: "again" });
  server.advance(5000);
  const given = await check(devices[0] as TestDevice);
  expect([given.json().id, given.cost.trips]).toEqual([next, 1]);
});

it("gives the device at once what it was targeted by before its end", async () => {
  const id = await deploy(server, user, devices);
  const next = await deploy(server, user, devices, { name: "next" });
  for (const of of devices) await check(of);
  server.advance(5000);
  for (const of of devices) await check(of);
  const [first] = devices as [TestDevice];
  for (const status of ["downloading", "installing", "success"]) await report(first, id, status);
  expect((await check(first)).json().id).toBe(next);
});

it("tells the device that its token is void", async () => {
  await updated();
  const [first] = devices as [TestDevice];
  const set = `/api/management/v2/devauth/devices/${first.id}/auth/${first.authSet}/status`;
  await server.call("PUT", set, { token: user.token, json: { status: "rejected" } });
  server.advance(5000);
  expect((await check(first)).status).toBe(401);
});

it("gives an aborted deployment's device nothing, and nothing wrong to others", async () => {
  const id = await updated();
  await server.call("PUT", `${MANAGEMENT}/${id}/status`, { token: user.token, json: { status: "aborted" } });
  server.advance(5000);
  const answers = [];
  for (const of of devices) answers.push((await check(of)).status);
  expect(answers).toEqual([204, 204, 204, 204]);
});

it("ends an update that costs five round trips, 17 statements and one call of the head till then", async () => {
  await updated();
  const next = await deploy(server, user, devices, { name: "next" });
  for (const of of devices) await check(of);
  server.advance(5000);
  const whole = async (of: TestDevice) => {
    const answers = [await check(of)];
    for (const status of ["downloading", "installing", "rebooting", "success"])
      answers.push(await report(of, next, status));
    answers.push(await check(of, "release-2"));
    expect(answers.map(({ status }) => status)).toEqual([200, 204, 204, 204, 204, 204]);
    return answers.map(({ cost }) => cost);
  };
  const [first, second] = devices as [TestDevice, TestDevice];
  await whole(first);
  const costs = await whole(second);
  expect(costs.map(({ trips, statements, objects }) => [trips, statements, objects])).toEqual([
    [1, 4, 1],
    [1, 3, 0],
    [1, 3, 0],
    [1, 3, 0],
    [1, 4, 0],
    [0, 0, 0],
  ]);
  expect(costs.reduce((sum, { read }) => sum + read, 0)).toBeLessThan(200);
});
