import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageOf, Presence, readPage, writePage } from "../../../src/checkin/presence.ts";

/** What of an object's storage presence uses, in memory. */
class Storage {
  readonly kept = new Map<string, unknown>();
  puts = 0;

  get = async (key: string) => this.kept.get(key);

  put = async (key: string, value: unknown) => {
    this.puts += 1;
    this.kept.set(key, value);
  };

  transaction = async (work: (storage: Storage) => Promise<void>) => work(this);
}

const presenceOn = (storage: Storage) => new Presence(storage as unknown as DurableObjectStorage);

const packedIds = fc.uuid().map((id) => id.replaceAll("-", ""));

describe("pages of contacts", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(packedIds, fc.nat({ max: 0xffffffff }))), (entries) => {
        const page = new Map(entries);
        return [...readPage(writePage(page))].every(([id, seconds]) => page.get(id) === seconds);
      }),
    );
  });

  it("take twenty bytes a device", () => {
    expect(writePage(new Map([["0".repeat(32), 1]])).byteLength).toBe(20);
  });

  it("share devices evenly, also those whose ids count up", () => {
    const counts = new Map<number, number>();
    for (let n = 0; n < 4096; n++) {
      const page = pageOf(`${n.toString(16).padStart(8, "0")}000040008000000000000000`, 3);
      counts.set(page, (counts.get(page) ?? 0) + 1);
    }
    expect(counts.size).toBe(8);
    expect(Math.max(...counts.values())).toBeLessThan(700);
  });
});

describe("presence", () => {
  const DAY_MS = 86_400_000;

  it("answers the newest contact of each device, flushed or not, for every order of notes and flushes", async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ device: fc.nat({ max: 4 }), atS: fc.integer({ min: 1, max: 1_000_000 }) }),
        fc.constant("flush" as const),
        fc.constant("restart" as const),
      ),
    );
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const storage = new Storage();
        let presence = presenceOn(storage);
        const ids = Array.from({ length: 5 }, (_, i) => `0000000${i}-0000-4000-8000-000000000000`);
        const [stored, all] = [new Map<string, number>(), new Map<string, number>()];
        for (const step of history) {
          if (step === "flush") {
            await presence.flush(1_000_000_000);
            for (const [id, at] of all) stored.set(id, at);
          } else if (step === "restart") {
            presence = presenceOn(storage);
            all.clear();
            for (const [id, at] of stored) all.set(id, at);
          } else {
            const id = ids[step.device]!;
            presence.note(id, step.atS * 1000);
            all.set(id, Math.max(all.get(id) ?? 0, step.atS * 1000));
          }
        }
        expect(await presence.lastSeen(ids)).toEqual(Object.fromEntries(all));
      }),
    );
  });

  it("tells of the first contact of a day only", async () => {
    const presence = presenceOn(new Storage());
    const device = "00000001-0000-4000-8000-000000000000";
    const told: string[][] = [];
    for (const atMs of [10 * DAY_MS, 10 * DAY_MS + 5000, 11 * DAY_MS]) {
      presence.note(device, atMs);
      told.push(await presence.flush(atMs));
    }
    expect(told).toEqual([[device], [], [device]]);
  });

  it("splits pages as the fleet grows, writes one of them for many devices and loses none", async () => {
    const storage = new Storage();
    const presence = presenceOn(storage);
    const id = (n: number) => `${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
    const ids = Array.from({ length: 60_000 }, (_, n) => id(n));
    for (let from = 0; from < ids.length; from += 5000) {
      for (const device of ids.slice(from, from + 5000)) presence.note(device, 1_000_000);
      await presence.flush(1_000_000);
    }
    const pages = [...storage.kept.keys()].filter((key) => key.startsWith("presence:"));
    expect(pages.length).toBeGreaterThanOrEqual(4);
    expect(pages.length).toBeLessThanOrEqual(16);
    expect(Object.keys(await presence.lastSeen(ids))).toHaveLength(60_000);
    storage.puts = 0;
    for (const device of ids) presence.note(device, 2_000_000);
    await presence.flush(2_000_000);
    expect(storage.puts).toBe(pages.length);
  });

  it("keeps nothing for what is no device id", () => {
    const presence = presenceOn(new Storage());
    expect(presence.note("stranger", 1000)).toBe(false);
  });
});
