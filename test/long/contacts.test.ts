import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { SimulatedDevice } from "../../src/device-simulator/device.ts";
import { Operator } from "../local/operator.ts";
import { cleanUp, LocalServer, newFolder } from "../local/server-process.ts";

/**
 * Last contacts in real time, on a server whose runtime evicts every object that is not called for ten seconds. Nothing
 * is asked of the server between the moments that are looked at: an asker would keep the object awake.
 */

afterAll(cleanUp);

/** Long enough for the runtime to evict the head. */
const ASLEEP_MS = 24_000;
/** Long enough for the alarm that tells the inventory, and for another eviction. */
const FLUSHED_MS = 360_000;
/** A token and a check must not be taken for each other. */
const APART_MS = 3000;

const secondOf = (ms: number) => Math.floor(ms / 1000) * 1000;

interface Span {
  fromMs: number;
  toMs: number;
}

/** A server with accepted devices that have a token and nothing else yet. */
async function aFleet(count: number, args: string[] = []) {
  const data = newFolder();
  const server = await LocalServer.start(data, args);
  const operator = await Operator.login(server, server.ready.adminPassword!);
  const options = { serverUrl: server.ready.url, deviceType: "board" };
  const devices = Array.from({ length: count }, () => new SimulatedDevice(options));
  for (const device of devices) await device.authenticate();
  await operator.acceptAll();
  for (const device of devices) expect(await device.authenticate()).toBe(true);
  await wait(APART_MS);
  return { data, server, operator, devices };
}

/** A check with nothing to do, and the seconds it may have come in. */
async function checkOf(device: SimulatedDevice): Promise<Span> {
  const fromMs = secondOf(Date.now());
  expect(await device.askForUpdate()).toBeUndefined();
  return { fromMs, toMs: secondOf(Date.now()) };
}

interface Attribute {
  name: string;
  value: string;
}

/** The times that are told of a device; what is not told is `NaN`. */
async function toldOf(operator: Operator, { id }: SimulatedDevice) {
  const [seen] = await operator.get<{ last_seen: string }[]>(`/v1/inventory/presence?id=${id}`);
  const admitted = await operator.get<{ check_in_time?: string }>(`/v2/devauth/devices/${id}`);
  const { attributes } = await operator.get<{ attributes: Attribute[] }>(`/v1/inventory/devices/${id}`);
  const day = attributes.find(({ name }) => name === "check_in_time");
  const told = {
    presence: Date.parse(seen?.last_seen ?? ""),
    devauth: Date.parse(admitted.check_in_time ?? ""),
    inventory: Date.parse(day?.value ?? ""),
  };
  return told;
}

type Told = Awaited<ReturnType<typeof toldOf>>;

/** Prints what is told, for whoever runs it for a record of it. */
function print(what: string, { fromMs, toMs }: Span, told: Told): void {
  const time = (ms: number) => (Number.isNaN(ms) ? "-" : new Date(ms).toISOString().slice(11, 19));
  console.log(
    `${what}: check ${time(fromMs)}..${time(toMs)}, presence ${time(told.presence)}, ` +
      `devauth ${time(told.devauth)}, inventory ${time(told.inventory)}`,
  );
}

async function expectExact(what: string, operator: Operator, device: SimulatedDevice, span: Span) {
  const told = await toldOf(operator, device);
  print(what, span, told);
  expect(told.presence).toBeGreaterThanOrEqual(span.fromMs);
  expect(told.presence).toBeLessThanOrEqual(span.toMs);
  expect(told.devauth).toBe(told.presence);
  return told;
}

/** The inventory keeps one contact of the day: of those before the alarm the last, or a token's before it. */
const expectDay = (told: Told, sinceMs: number) => {
  expect(told.inventory).toBeGreaterThanOrEqual(sinceMs);
  expect(told.inventory).toBeLessThanOrEqual(told.presence);
};

describe.concurrent("after a silence in which the head was evicted", () => {
  test("the one check of one device is told, after six minutes also by the inventory", async () => {
    const startMs = secondOf(Date.now());
    const { operator, devices } = await aFleet(1);
    const device = devices[0]!;
    const span = await checkOf(device);
    await wait(ASLEEP_MS);
    await expectExact("one check, +24 s", operator, device, span);
    await wait(FLUSHED_MS);
    const told = await expectExact("one check, +384 s", operator, device, span);
    expectDay(told, startMs);
  });

  test("it is told after six minutes of which nobody asked anything", async () => {
    const startMs = secondOf(Date.now());
    const { operator, devices } = await aFleet(1);
    const span = await checkOf(devices[0]!);
    await wait(FLUSHED_MS);
    expectDay(await expectExact("one check, silence, +360 s", operator, devices[0]!, span), startMs);
  });

  test.each(["strict", "relaxed"])("every check of a burst is told in %s mode", async (mode) => {
    const { operator, devices } = await aFleet(4, ["--var", `CHECK_MODE=${mode}`]);
    const spans: Span[] = [];
    for (const device of devices) {
      spans.push(await checkOf(device));
      await wait(1100);
    }
    await wait(ASLEEP_MS);
    for (const [at, device] of devices.entries())
      await expectExact(`${mode} burst, check ${at + 1}, +24 s`, operator, device, spans[at]!);
  });

  test("a server that was killed tells it when it is started again, the inventory as well", async () => {
    const startMs = secondOf(Date.now());
    const { data, server, operator, devices } = await aFleet(1);
    const span = await checkOf(devices[0]!);
    await wait(ASLEEP_MS);
    await server.kill();
    const again = operator.at(await LocalServer.start(data, server.ports));
    await expectExact("killed and started, at once", again, devices[0]!, span);
    await wait(FLUSHED_MS);
    expectDay(await expectExact("killed and started, +360 s", again, devices[0]!, span), startMs);
  });
});
