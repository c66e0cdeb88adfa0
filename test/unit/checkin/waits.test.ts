import { beforeEach, describe, expect, it } from "vitest";
import { QUEUED, REVOKED, type Digest } from "../../../src/checkin/digest.ts";
import { addTo, hashOf, makeFilter } from "../../../src/checkin/filter.ts";
import { Waits } from "../../../src/checkin/waits.ts";

const NOW = 1_000_000;
const HOUR = 3_600_000;

function filled(...ids: string[]) {
  const filter = makeFilter(ids.length);
  for (const id of ids) addTo(filter, hashOf(id));
  return filter;
}

const digest: Digest = {
  generation: 1,
  active: true,
  revokedS: 100,
  parts: new Map([
    [REVOKED, { version: 1, opensMs: 0, filter: filled("s-gone") }],
    [QUEUED, { version: 1, opensMs: 0, filter: filled() }],
    ["one", { version: 1, opensMs: 0, filter: filled("a", "b") }],
  ]),
};
const check = (device: string, authSet = `s-${device}`) => ({ device, authSet, issuedS: 101 });

function memory() {
  const kept = new Map<string, unknown>();
  return {
    get: async (key: string) => kept.get(key),
    put: async (key: string | Record<string, unknown>, value?: unknown) => {
      const entries = typeof key === "string" ? { [key]: value } : key;
      for (const [name, one] of Object.entries(entries)) kept.set(name, one);
    },
    delete: async (keys: string | string[]) => [keys].flat().forEach((key) => kept.delete(key)),
    list: async ({ prefix }: { prefix: string }) =>
      new Map([...kept].filter(([key]) => key.startsWith(prefix))),
  };
}

/** So many devices with this one among them. */
const some = (device: string, count: number) => [
  ...Array.from({ length: count - 1 }, (_, i) => `other ${i}`),
  device,
];

let waits: Waits;
const mayGet = (device: string, nowMs = NOW) => waits.mayGet(digest, check(device), nowMs);
const note = (device: string, room?: string, stamp = waits.stamp(digest)) =>
  waits.note(digest, device, { untilMs: NOW + 2 * HOUR, room }, stamp, NOW);

beforeEach(async () => {
  waits = new Waits(memory() as unknown as ConstructorParameters<typeof Waits>[0]);
  await note("a", "site 1");
  await note("b", "site 2");
});

describe("a device that has work and waits", () => {
  it("gets nothing until its time, and for an hour at most", async () => {
    expect([await mayGet("a"), await mayGet("a", NOW + HOUR - 1), await mayGet("a", NOW + HOUR)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("is let through to hear that its token is void", async () => {
    expect(await waits.mayGet(digest, check("a", "s-gone"), NOW)).toBe(true);
  });

  it.each([
    ["another's token is revoked", { kind: "revoked", key: "s-c" }, [false, false]],
    ["there is an event to follow", { kind: "told" }, [false, false]],
    ["it has other work", { kind: "work", device: "a" }, [true, false]],
    ["its attributes are others", { kind: "moved", devices: ["a"] }, [true, false]],
    ["those of some are others", { kind: "moved", devices: some("a", 300) }, [true, false]],
    ["those of very many are", { kind: "moved", devices: some("c", 1000) }, [true, true]],
    ["there is a place where it waits", { kind: "room", room: "site 1" }, [true, false]],
    ["those of any may be", { kind: "moved" }, [true, true]],
    ["deployments have changed", { kind: "standing" }, [true, true]],
  ] as const)("may get something when %s, where that is so", async (_what, change, expected) => {
    await waits.apply([change]);
    expect([await mayGet("a"), await mayGet("b")]).toEqual(expected);
  });

  it("is stored together with others, by which another life of the head knows it", async () => {
    const storage = memory() as unknown as ConstructorParameters<typeof Waits>[0];
    const mayGetNow = () => new Waits(storage).mayGet(digest, check("a"), NOW);
    waits = new Waits(storage);
    await note("a");
    expect([waits.hasUnsaved, await mayGet("a"), await mayGetNow()]).toEqual([true, false, true]);
    await waits.save();
    expect([waits.hasUnsaved, await mayGet("a"), await mayGetNow()]).toEqual([false, false, false]);
    for (let i = 0; i < 128; i++) await note(`other ${i}`);
    expect(waits.hasUnsaved).toBe(false);
  });

  it("is not noted by what the database told before a change", async () => {
    const stamp = waits.stamp(digest);
    await waits.apply([{ kind: "standing" }]);
    await note("a", undefined, stamp);
    expect(await mayGet("a")).toBe(true);
  });
});
