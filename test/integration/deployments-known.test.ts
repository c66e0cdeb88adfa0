import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, counts, deploy, poll, report, show } from "../support/deployments.ts";
import { onlyReceivers, Receiver } from "../support/receivers.ts";
import { env, Server } from "../support/server.ts";

/** What a Worker knows of a deployment from earlier reports may have changed since, which the report itself tells. */

let server: Server;
let user: TestUser;
let devices: TestDevice[];
let id: string;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  await anArtifact(server);
  devices = [];
  for (let i = 0; i < 3; i++) devices.push(await aDevice(server));
  id = await deploy(server, user, devices);
  for (const device of devices) {
    await poll(server, device);
    await report(server, device, id, "downloading");
    await report(server, device, id, "installing");
  }
});
afterEach(() => vi.unstubAllGlobals());

const ends = async (...some: TestDevice[]) => {
  const answers = [];
  for (const device of some) answers.push(await report(server, device, id, "success"));
  return answers.map(({ status, cost }) => [status, cost.trips]);
};

it("finishes with its last device, also if others were not through when this was heard of last", async () => {
  expect(await ends(...devices)).toEqual([
    [204, 1],
    [204, 1],
    [204, 2],
  ]);
  expect(await counts(server, user, id)).toEqual({ success: 3 });
  expect((await show(server, user, id)).status).toBe("finished");
  expect(await ends(...devices)).toEqual([
    [204, 1],
    [204, 1],
    [204, 1],
  ]);
  expect(await counts(server, user, id)).toEqual({ success: 3 });
});

it("counts each of two ends at the same moment, and finishes once", async () => {
  await ends(...devices.slice(0, 1));
  const answers = await Promise.all(devices.slice(1).map((device) => report(server, device, id, "success")));
  expect(answers.map(({ status }) => status)).toEqual([204, 204]);
  expect(await counts(server, user, id)).toEqual({ success: 3 });
  expect((await show(server, user, id)).status).toBe("finished");
});

it("tells a receiver that is new of the very next end", async () => {
  await ends(...devices.slice(0, 1));
  const receiver = new Receiver("https://hooks.example.com/a");
  onlyReceivers(receiver);
  const made = { name: "ours", types: ["device.updated"], target: receiver.url };
  await server.call("POST", "/api/management/v1/webhooks", { token: user.token, json: made });
  expect(await ends(...devices.slice(1, 2))).toEqual([[204, 2]]);
  await server.deliverEvents();
  expect(receiver.events.map(({ data }) => data)).toEqual([expect.objectContaining({ status: "success" })]);
});

it("is in progress again if a restore has put it back to before", async () => {
  const stage = "UPDATE deployment_counters SET stage = ?1 RETURNING stage";
  await env.DB.prepare(stage).bind(0).run();
  await report(server, devices[0] as TestDevice, id, "rebooting");
  expect((await show(server, user, id)).status).toBe("inprogress");
});

it("is aborted for a device that reports its success after that", async () => {
  await ends(...devices.slice(0, 1));
  const aborting = { token: user.token, json: { status: "aborted" } };
  await server.call("PUT", `/api/management/v1/deployments/deployments/${id}/status`, aborting);
  expect(await ends(...devices.slice(1, 2))).toEqual([[409, 1]]);
  expect(await counts(server, user, id)).toEqual({ success: 1, aborted: 2 });
});

it("takes what many devices tell at the same time as if they told it one after the other", async () => {
  const many: TestDevice[] = [];
  for (let i = 0; i < 24; i++) many.push(await aDevice(server));
  const wide = await deploy(server, user, many, { name: "many" });
  const together = async (status: number, act: (device: TestDevice) => ReturnType<typeof poll>) =>
    expect((await Promise.all(many.map(act))).map((answer) => answer.status)).toEqual(many.map(() => status));
  await together(200, (device) => poll(server, device));
  expect(await counts(server, user, wide)).toEqual({ pending: 24 });
  for (const state of ["downloading", "installing", "rebooting"]) {
    await together(204, (device) => report(server, device, wide, state));
    expect(await counts(server, user, wide)).toEqual({ [state]: 24 });
  }
  const half = many.slice(0, 12).map(({ id: one }) => one);
  await together(204, (device) =>
    report(server, device, wide, half.includes(device.id) ? "success" : "failure"),
  );
  expect(await counts(server, user, wide)).toEqual({ success: 12, failure: 12 });
  expect((await show(server, user, wide)).status).toBe("finished");
});

it("answers each of those that ask at the same time for itself, those with a void token too", async () => {
  const set = (device: TestDevice) =>
    `/api/management/v2/devauth/devices/${device.id}/auth/${device.authSet}/status`;
  const rejected = devices[1] as TestDevice;
  await server.call("PUT", set(rejected), { token: user.token, json: { status: "rejected" } });
  const all = [...devices, ...devices, ...devices];
  const answers = await Promise.all(all.map((device) => report(server, device, id, "rebooting")));
  expect(answers.map(({ status }) => status)).toEqual(all.map((device) => (device === rejected ? 401 : 204)));
});
