import { describe, expect, it } from "vitest";
import { aDevice, aTenant, aUser, type TestDevice } from "../support/actors.ts";
import { anArtifact, DEVICE, idOf, inInventory, MANAGEMENT } from "../support/deployments.ts";
import { FallingHead } from "../support/falling-head.ts";
import { stops } from "../support/form.ts";
import { Server } from "../support/server.ts";

const DEVICES = "/api/management/v2/devauth/devices";
const PRESENCE = "/api/management/v1/inventory/presence";
const INVENTORY = "/api/management/v1/inventory/devices";
const NEXT = `${DEVICE}/next?device_type=pi4&artifact_name=release-1`;

const SHORT_STOPS = 20;

const secondOf = (ms: number) => Math.floor(ms / 1000) * 1000;
const wireTime = (ms: number) => new Date(ms).toISOString().replace(".000", "");

const others = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());

/** A short life of a tenant, each change followed by a check of every device; returns the answers. */
async function live(server: Server, head: FallingHead): Promise<number[][]> {
  const bindings = head.bindings(server);
  const tenant = await aTenant(server);
  const user = await aUser(server, { tenant });
  await anArtifact(server, { tenant });
  const fleet = await Promise.all(Array.from({ length: 5 }, () => aDevice(server, { tenant })));
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
    const server = await Server.start();
    const steady = new FallingHead();
    expect(await live(server, steady)).toEqual(EXPECTED);
    expect(steady.moments).toBeGreaterThan(30);
    for (const moment of stops(steady.moments, SHORT_STOPS)) {
      const head = new FallingHead(moment);
      expect(await live(server, head), `fell at ${moment}`).toEqual(EXPECTED);
      expect(head.falls).toBe(1);
    }
  }, 120_000);

  /** What is told of a device that checked twice, beyond a flush, and when it did last. */
  async function contacts(server: Server, head: FallingHead, token: string) {
    const bindings = head.bindings(server);
    const device = await aDevice(server);
    await inInventory(server, [device]);
    const firstMs = secondOf(server.now);
    for (const ms of [0, 300_000]) {
      server.advance(ms);
      await server.call("GET", NEXT, { token: device.token }, bindings);
      await head.ring();
    }
    const lastMs = secondOf(server.now);
    server.advance(5000); // what could not be told is told again
    const ask = () => server.call("GET", `${PRESENCE}?id=${device.id}`, { token }, bindings);
    // Whoever asks while it falls asks again.
    let answer = await ask();
    if (answer.status !== 200) answer = await ask();
    const [seen] = answer.json<{ last_seen: string }[]>();
    await head.ring();
    const { text } = await server.call("GET", `${INVENTORY}/${device.id}`, { token });
    const dayMs = Date.parse(/"name":"check_in_time","value":"([^"]*)"/.exec(text)?.[1] ?? "");
    return {
      isExact: seen?.last_seen === wireTime(lastMs),
      isInInventory: dayMs >= firstMs && dayMs <= lastMs,
    };
  }

  it("loses no answered contact, and the inventory gets the first of the day", async () => {
    const server = await Server.start();
    const { token } = await aUser(server);
    const told = { isExact: true, isInInventory: true };
    const steady = new FallingHead();
    expect(await contacts(server, steady, token)).toEqual(told);
    expect(steady.moments).toBeGreaterThan(30);
    for (const moment of stops(steady.moments, SHORT_STOPS)) {
      const head = new FallingHead(moment);
      expect(await contacts(server, head, token), `fell at ${moment}`).toEqual(told);
      expect(head.falls).toBe(1);
    }
  }, 60_000);
});

describe("a head that falls asleep between any two calls", () => {
  const SECONDS = [1, 3, 20, 2, 1, 400, 6, 1];
  /** Bit by bit: after which of the contacts it sleeps. */
  const SLEEPS = [0b11111111, 0b10101010, 0b01010101, 0b00100100, 0];

  it.each(SLEEPS)("knows every contact, however close together they were (%d)", async (sleeps) => {
    const server = await Server.start();
    const head = new FallingHead();
    const bindings = head.bindings(server);
    const user = await aUser(server);
    const fleet = await Promise.all(SECONDS.map(() => aDevice(server)));
    const expected: { id: string; last_seen: string }[] = [];
    for (const [at, seconds] of SECONDS.entries()) {
      server.advance(seconds * 1000);
      const { id, token } = fleet[at]!;
      expect((await server.call("GET", NEXT, { token }, bindings)).status).toBe(204);
      expected.push({ id, last_seen: wireTime(secondOf(server.now)) });
      if (sleeps & (1 << at)) await head.sleep();
    }
    const path = `${PRESENCE}?${fleet.map(({ id }) => `id=${id}`).join("&")}`;
    const told = async () =>
      (await server.call("GET", path, { token: user.token }, bindings)).json<unknown>();
    await head.sleep();
    expect([head.isToBeWoken, await told()]).toEqual([true, expected]);
    await head.sleep();
    await head.ring();
    await head.sleep();
    expect([head.isToBeWoken, await told()]).toEqual([false, expected]);
  });
});
