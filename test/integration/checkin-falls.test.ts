import { describe, expect, it } from "vitest";
import { aDevice, aUser, type TestDevice } from "../support/actors.ts";
import { anArtifact, DEVICE, idOf, MANAGEMENT } from "../support/deployments.ts";
import { FallingHead } from "../support/falling-head.ts";
import { Server } from "../support/server.ts";

const DEVICES = "/api/management/v2/devauth/devices";
const NEXT = `${DEVICE}/next?device_type=pi4&artifact_name=release-1`;

const others = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());

/** A short life of a tenant, each change followed by a check of every device; returns the answers. */
async function live(head: FallingHead): Promise<number[][]> {
  const server = await Server.start();
  const bindings = head.bindings(server);
  const user = await aUser(server);
  await anArtifact(server);
  const fleet = await Promise.all(Array.from({ length: 5 }, () => aDevice(server)));
  const [rejected, queued, wide, gone] = fleet as [TestDevice, TestDevice, TestDevice, TestDevice];
  const manage = (method: string, path: string, json?: unknown) =>
    server.call(method, path, { token: user.token, json }, bindings);
  const deploy = async (name: string, devices: string[]) =>
    idOf(await manage("POST", MANAGEMENT, { name, artifact_name: "release-2", devices }));
  const ids: string[] = [];
  const changes = [
    () => Promise.resolve(),
    () => manage("PUT", `${DEVICES}/${rejected.id}/auth/${rejected.authSet}/status`, { status: "rejected" }),
    async () => ids.push(await deploy("queued", [queued.id])),
    async () => ids.push(await deploy("wide", [wide.id, ...others(60)])),
    () => manage("DELETE", `${DEVICES}/${gone.id}`),
    () => manage("PUT", `${MANAGEMENT}/${ids[1]}/status`, { status: "aborted" }),
  ];
  const answers: number[][] = [];
  for (const change of changes) {
    await change();
    server.advance(6000); // a head that did not answer is asked again
    const checks = [];
    for (const { token } of fleet) checks.push((await server.call("GET", NEXT, { token }, bindings)).status);
    answers.push(checks);
  }
  return answers;
}

const EXPECTED = [
  [204, 204, 204, 204, 204],
  [401, 204, 204, 204, 204],
  [401, 200, 204, 204, 204],
  [401, 200, 200, 204, 204],
  [401, 200, 200, 401, 204],
  [401, 200, 204, 401, 204],
];

describe("a head that falls at any moment of its storage", () => {
  it("is right about every answered change from the next check on", async () => {
    const steady = new FallingHead();
    expect(await live(steady)).toEqual(EXPECTED);
    expect(steady.moments).toBeGreaterThan(30);
    for (let moment = 1; moment <= steady.moments; moment++) {
      const head = new FallingHead(moment);
      expect(await live(head), `fell at ${moment}`).toEqual(EXPECTED);
      expect(head.falls).toBe(1);
    }
  }, 120_000);

  it("loses contacts of one flush at most", async () => {
    const contacts = async (head: FallingHead) => {
      const server = await Server.start();
      const bindings = head.bindings(server);
      const user = await aUser(server);
      const device = await aDevice(server);
      for (let flush = 0; flush < 3; flush++) {
        server.advance(300_000);
        await server.call("GET", NEXT, { token: device.token }, bindings);
        await head.ring();
      }
      const path = `/api/management/v1/inventory/presence?id=${device.id}`;
      // Whoever asks while it falls asks again.
      let answer = await server.call("GET", path, { token: user.token }, bindings);
      if (answer.status !== 200) answer = await server.call("GET", path, { token: user.token }, bindings);
      const [seen] = answer.json<{ last_seen: string }[]>();
      return server.now - Date.parse(seen?.last_seen ?? "");
    };
    const steady = new FallingHead();
    expect(await contacts(steady)).toBe(0);
    for (let moment = 1; moment <= steady.moments; moment++) {
      expect(await contacts(new FallingHead(moment)), `fell at ${moment}`).toBeLessThanOrEqual(300_000);
    }
  }, 120_000);
});
