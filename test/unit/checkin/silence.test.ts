import { describe, expect, it } from "vitest";
import { writePage } from "../../../src/checkin/presence-pages.ts";
import { Silence } from "../../../src/checkin/silence.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const START_MS = 1_800_000_000_000;

const idOf = (n: number) => `${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
const packedOf = (n: number) => idOf(n).replaceAll("-", "");

/** What of an object's storage it uses, in memory; devices were heard of at a time and have a rhythm. */
function silenceOf(devices: number, seenMs: number, usualMs: number) {
  const kept = new Map<string, unknown>();
  const storage = {
    get: async (key: string) => kept.get(key),
    put: async (key: string, value: unknown) => void kept.set(key, value),
    transaction: (work: () => Promise<void>) => work(),
  };
  const pageOf = (seconds: number) =>
    writePage(new Map(Array.from({ length: devices }, (_, n) => [packedOf(n), seconds])));
  const [times, usual] = [pageOf(seenMs / 1000), pageOf(usualMs / 1000)];
  const heard = new Map<string, number>();
  let rhythmsRead = 0;
  const silence = new Silence(storage as unknown as DurableObjectStorage, {
    bits: async () => 0,
    times: async () => times,
    rhythms: async () => {
      rhythmsRead += 1;
      return usual;
    },
    unfolded: (id) => heard.get(id) ?? 0,
  });
  return {
    silence,
    hear: (n: number, ms: number) => heard.set(packedOf(n), ms / 1000),
    read: () => rhythmsRead,
  };
}

const wanted = (nowMs: number, more = {}) => ({
  nowMs,
  patience: 3,
  pauseMs: 20 * MINUTE_MS,
  limit: 10,
  ...more,
});

describe("silence", () => {
  it("is found beyond the rhythm of a device, until it is settled", async () => {
    const { silence, read } = silenceOf(2, START_MS, 10 * MINUTE_MS);
    expect(await silence.find(wanted(START_MS))).toEqual({ silent: [], back: [] });
    const look = (minutes: number) =>
      silence.find(wanted(START_MS + minutes * MINUTE_MS, { pauseMs: HOUR_MS }));
    expect((await look(14)).silent).toEqual([]);
    expect(read()).toBe(0);
    expect((await look(30)).silent).toEqual([]);
    expect((await look(31)).silent).toEqual([
      { device: idOf(0), lastMs: START_MS, times: 3.1 },
      { device: idOf(1), lastMs: START_MS, times: 3.1 },
    ]);
    const atMs = START_MS + 31 * MINUTE_MS;
    await silence.settle({
      silent: [[idOf(0), atMs]],
      deferred: [[idOf(1), atMs + 10 * MINUTE_MS]],
      back: [],
    });
    expect((await look(36)).silent).toEqual([]);
    expect((await look(42)).silent).toMatchObject([{ device: idOf(1) }]);
  });

  it("ends with the next contact", async () => {
    const { silence, hear } = silenceOf(1, START_MS, 10 * MINUTE_MS);
    await silence.find(wanted(START_MS));
    const atMs = START_MS + HOUR_MS;
    await silence.settle({ silent: [[idOf(0), atMs]], deferred: [], back: [] });
    hear(0, atMs);
    expect((await silence.find(wanted(atMs))).back).toEqual([]);
    hear(0, atMs + 1000);
    expect((await silence.find(wanted(atMs + 1000))).back).toEqual([{ device: idOf(0), settledMs: atMs }]);
    await silence.settle({ silent: [], deferred: [], back: [idOf(0)] });
    expect((await silence.find(wanted(atMs + 1000))).back).toEqual([]);
  });

  it("is counted anew after nobody looked for a while: the server was away, and not the devices", async () => {
    const { silence } = silenceOf(1, START_MS, 10 * MINUTE_MS);
    await silence.find(wanted(START_MS));
    const backMs = START_MS + 24 * HOUR_MS;
    expect((await silence.find(wanted(backMs))).silent).toEqual([]);
    expect((await silence.find(wanted(backMs + 20 * MINUTE_MS))).silent).toEqual([]);
    expect((await silence.find(wanted(backMs + 31 * MINUTE_MS))).silent).toHaveLength(1);
  });

  it("is not looked for in devices without a rhythm", async () => {
    const { silence } = silenceOf(1, START_MS, 0);
    await silence.find(wanted(START_MS));
    expect((await silence.find(wanted(START_MS + 15 * MINUTE_MS))).silent).toEqual([]);
    expect((await silence.find(wanted(START_MS + 30 * MINUTE_MS))).silent).toEqual([]);
  });

  it("is found in one pass over a page, as many as are wanted", async () => {
    const { silence, read } = silenceOf(2000, START_MS, 10 * MINUTE_MS);
    await silence.find(wanted(START_MS));
    const { silent } = await silence.find(wanted(START_MS + HOUR_MS, { pauseMs: 2 * HOUR_MS, limit: 500 }));
    expect([silent.length, read()]).toEqual([500, 1]);
  });
});
