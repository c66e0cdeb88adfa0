import { beforeEach, describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice, type TestUser } from "../support/actors.ts";
import { anArtifact, deploy, DEVICE, poll, report } from "../support/deployments.ts";
import { Server } from "../support/server.ts";
import { withoutHead } from "../support/without-head.ts";

let server: Server;
let user: TestUser;
let device: TestDevice;

beforeEach(async () => {
  server = await Server.start();
  user = await aUser(server);
  device = await aDevice(server);
  await anArtifact(server);
});

const others = (count: number) => Array.from({ length: count }, () => ({ id: crypto.randomUUID() }));

describe.each([
  ["small", 0],
  ["wide", 3000],
])("costs in a %s deployment", (_kind, more) => {
  it("of an update check with nothing to do: no round trip, one call of the head", async () => {
    await deploy(server, user, [await aDevice(server), ...others(more)]);
    const { status, cost } = await poll(server, device);
    expect([status, cost]).toEqual([204, { trips: 0, statements: 0, read: 0, written: 0, objects: 1 }]);
  });

  it("of an update check of a device that has finished: one round trip, nothing written", async () => {
    const id = await deploy(server, user, [device, ...others(Math.max(more, 1))]);
    await poll(server, device);
    await report(server, device, id, "success");
    const { status, cost } = await poll(server, device, { artifact_name: "release-2" });
    expect([status, cost.trips, cost.written]).toEqual([204, 1, 0]);
    expect(cost.read).toBeLessThan(25);
    // It is looked before it would be joined, in the statement that checks the token.
    expect(cost.statements).toBe(1);
    expect((await poll(server, device, { artifact_name: "release-2" })).cost.trips).toBe(0);
  });

  it("of an update check with a new deployment: one round trip, at most four rows", async () => {
    await deploy(server, user, [device, ...others(more)]);
    const { status, cost } = await poll(server, device);
    expect([status, cost.trips]).toEqual([200, 1]);
    expect(cost.written).toBeLessThanOrEqual(4);
    expect(cost.read).toBeLessThan(60);
    // Lists decide alone, so that nothing of rules is asked.
    expect(cost.statements).toBe(4);
  });

  it("of an update check that ends the device's part: two round trips, at most ten rows", async () => {
    for (const state of [{ artifact_name: "release-2" }, { device_type: "other" }]) {
      const one = await aDevice(server);
      const name = JSON.stringify(state);
      await deploy(server, user, [one, ...others(more)], { name });
      const { status, cost } = await poll(server, one, state);
      expect([status, cost.trips]).toEqual([204, 2]);
      expect(cost.written).toBeLessThanOrEqual(10);
    }
  });

  it("of a status report: one round trip, at most six rows, the one that finishes included", async () => {
    const id = await deploy(server, user, [device, ...others(more)]);
    await poll(server, device);
    const first = (await report(server, device, id, "downloading")).cost;
    const second = (await report(server, device, id, "installing")).cost;
    const repeated = (await report(server, device, id, "installing")).cost;
    const last = (await report(server, device, id, "success")).cost;
    expect([first, second, repeated, last].map(({ trips }) => trips)).toEqual([1, 1, 1, 1]);
    expect(first.written).toBeLessThanOrEqual(6);
    expect(second.written).toBe(3);
    expect(repeated.written).toBe(0);
    expect(last.written).toBeLessThanOrEqual(6);
    for (const { read } of [first, second, last]) expect(read).toBeLessThan(60);
    // Once the deployment has begun that needs no statement, and neither does its end while others are not through.
    expect([first, second, repeated, last].map(({ statements }) => statements)).toEqual([
      4,
      4,
      3,
      more > 0 ? 4 : 9,
    ]);
  });

  it("of a device that has finished and is targeted once more: it gets that with its next check", async () => {
    const id = await deploy(server, user, [device, ...others(more)]);
    await poll(server, device);
    await report(server, device, id, "success");
    const next = await deploy(server, user, [device, ...others(more)], { name: "again" });
    const given = await poll(server, device);
    expect([given.status, given.json().id]).toEqual([200, next]);
  });
});

describe("what does not add to the cost of an update check", () => {
  const query = new URLSearchParams({ device_type: "pi4", artifact_name: "release-1" }).toString();

  const read = async () => {
    const { token } = device;
    const asked = await server.call("GET", `${DEVICE}/next?${query}`, { token }, withoutHead(server));
    return asked.cost.read;
  };

  it("is the number of finished deployments of the device", async () => {
    const before = await read();
    for (let i = 0; i < 10; i++) {
      const id = await deploy(server, user, [device], { name: `d${i}` });
      await poll(server, device);
      await report(server, device, id, "success");
    }
    expect(await read()).toBe(before);
  });

  it("is the number of small deployments for others", async () => {
    const before = await read();
    const neighbour = await aDevice(server);
    for (let i = 0; i < 10; i++) await deploy(server, user, [neighbour, ...others(2)]);
    expect(await read()).toBe(before);
  });
});
