import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pageOf, readPage, timeIn, writePage } from "../../../src/checkin/presence-pages.ts";
import { Presence, type Contact } from "../../../src/checkin/presence.ts";

/** What of an object's storage presence uses, in memory. */
class Storage {
  readonly kept = new Map<string, unknown>();
  puts = 0;

  get = async (key: string) => this.kept.get(key);

  put = async (key: string, value: unknown) => {
    this.puts += 1;
    this.kept.set(key, value);
  };

  delete = async (key: string) => this.kept.delete(key);

  list = async ({ prefix }: { prefix: string }) =>
    new Map([...this.kept].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)));

  transaction = async (work: (storage: Storage) => Promise<void>) => work(this);

  keys = (prefix: string) => [...this.kept.keys()].filter((key) => key.startsWith(prefix));
}

/** As its head has it after a start. */
async function presenceOn(storage: Storage): Promise<Presence> {
  const presence = new Presence(storage as unknown as DurableObjectStorage);
  await presence.restore();
  return presence;
}

/** An inventory that takes everything. */
const taken = async (contacts: readonly Contact[]) => contacts.length;

const packedIds = fc.uuid().map((id) => id.replaceAll("-", ""));
const idOf = (n: number) => `${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;

describe("pages of contacts", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(packedIds, fc.nat({ max: 0xffffffff }))), (entries) => {
        const page = new Map(entries);
        return [...readPage(writePage(page))].every(([id, seconds]) => page.get(id) === seconds);
      }),
    );
  });

  it("tell of one device what reading them all tells, wherever its bytes may also occur", () => {
    const narrow = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 16, maxLength: 16 });
    const ids = narrow.map((bytes) => Buffer.from(bytes).toString("hex"));
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, fc.nat({ max: 2 }))), ids, (entries, wanted) => {
        const page = new Map(entries);
        return [...page.keys(), wanted].every((id) => timeIn(writePage(page), id) === (page.get(id) ?? 0));
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

  it("answers the newest contact of each device, saved, folded or neither, and forgets at a restart only the last", async () => {
    const steps = fc.array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record({ device: fc.nat({ max: 4 }), atS: fc.integer({ min: 1, max: 1_000_000 }) }),
        },
        fc.constantFrom("save", "fold", "restart"),
      ),
    );
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const storage = new Storage();
        let presence = await presenceOn(storage);
        const ids = Array.from({ length: 5 }, (_, i) => idOf(i));
        let stored = new Map<string, number>();
        let all = new Map<string, number>();
        for (const step of history) {
          if (typeof step === "object") {
            const id = ids[step.device]!;
            presence.note(id, step.atS * 1000);
            all.set(id, Math.max(all.get(id) ?? 0, step.atS * 1000));
          } else if (step === "restart") {
            presence = await presenceOn(storage);
            all = new Map(stored);
          } else {
            await (step === "save" ? presence.save() : presence.fold(taken));
            stored = new Map(all);
          }
          expect(await presence.lastSeen(ids)).toEqual(Object.fromEntries(all));
        }
      }),
    );
  });

  it("stores many contacts with one row, and none of it is left when they are in pages", async () => {
    const storage = new Storage();
    const presence = await presenceOn(storage);
    for (let n = 0; n < 1000; n++) presence.note(idOf(n), 5000);
    await presence.save();
    for (let n = 1000; n < 1500; n++) presence.note(idOf(n), 6000);
    await presence.save();
    expect([storage.puts, storage.keys("contacts:").length]).toEqual([2, 1]);
    for (let n = 1500; n < 5000; n++) presence.note(idOf(n), 7000);
    await presence.save();
    expect([storage.puts, storage.keys("contacts:").length]).toEqual([5, 3]);
    await presence.fold(taken);
    expect([storage.keys("contacts:"), storage.keys("presence:")]).toEqual([[], ["presence:0"]]);
    expect(presence.isOwing).toBe(false);
  });

  it("tells of the first contact of a day only, with its own time", async () => {
    const presence = await presenceOn(new Storage());
    const device = idOf(1);
    const told: (readonly Contact[])[] = [];
    for (const atMs of [10 * DAY_MS, 10 * DAY_MS + 5000, 11 * DAY_MS]) {
      presence.note(device, atMs);
      await presence.fold(async (contacts) => {
        told.push(contacts);
        return contacts.length;
      });
    }
    expect(told).toEqual([[[device, 10 * DAY_MS]], [[device, 11 * DAY_MS]]]);
  });

  it("tells the inventory later what it did not take, also after a restart", async () => {
    const storage = new Storage();
    const presence = await presenceOn(storage);
    for (const n of [1, 2, 3]) presence.note(idOf(n), 5000);
    await presence.fold(async () => 1);
    expect(presence.isOwing).toBe(true);
    const again = await presenceOn(storage);
    expect(again.isOwing).toBe(true);
    const told: Contact[] = [];
    await again.fold(async (contacts) => told.push(...contacts));
    expect(told).toEqual([
      [idOf(2), 5000],
      [idOf(3), 5000],
    ]);
    expect(again.isOwing).toBe(false);
  });

  it("loses nothing when storing fails, and takes contacts meanwhile", async () => {
    const storage = new Storage();
    const presence = await presenceOn(storage);
    presence.note(idOf(1), 5000);
    await presence.save();
    storage.transaction = async () => {
      presence.note(idOf(2), 6000);
      throw new Error("storage failed");
    };
    await expect(presence.fold(taken)).rejects.toThrow("storage failed");
    const seen = { [idOf(1)]: 5000, [idOf(2)]: 6000 };
    expect(await presence.lastSeen([idOf(1), idOf(2)])).toEqual(seen);
    await presence.save();
    expect(await (await presenceOn(storage)).lastSeen([idOf(1), idOf(2)])).toEqual(seen);
  });

  it("splits pages as the fleet grows, writes one of them for many devices and loses none", async () => {
    const storage = new Storage();
    const presence = await presenceOn(storage);
    const ids = Array.from({ length: 20_000 }, (_, n) => idOf(n));
    for (let from = 0; from < ids.length; from += 10_000) {
      for (const device of ids.slice(from, from + 10_000)) presence.note(device, 1_000_000);
      await presence.fold(taken);
    }
    const pages = storage.keys("presence:");
    expect(pages.length).toBeGreaterThanOrEqual(2);
    expect(pages.length).toBeLessThanOrEqual(4);
    const entries = pages.flatMap((key) => [...readPage(storage.kept.get(key) as Uint8Array)]);
    expect(new Map(entries).size).toBe(20_000);
    const some = ids.filter((_, n) => n % 200 === 0);
    expect(Object.keys(await presence.lastSeen(some))).toEqual(some);
    // The first silence of all of them is learned, and the next is nothing new.
    for (const atMs of [2_000_000, 3_000_000]) {
      storage.puts = 0;
      for (const device of ids) presence.note(device, atMs);
      await presence.fold(taken);
      expect(storage.puts).toBe(atMs === 2_000_000 ? 2 * pages.length : pages.length);
    }
    expect(Object.values(await presence.rhythms(some))).toEqual(
      some.map(() => ({ lastMs: 3_000_000, silenceMs: 1_000_000 })),
    );
  });

  it("learns the longest silence that is usual, nights included, which fades when it no longer comes", async () => {
    const storage = new Storage();
    let presence = await presenceOn(storage);
    const device = idOf(1);
    const HOUR_MS = 3_600_000;
    const rhythm = async () => (await presence.rhythms([device]))[device]?.silenceMs;
    const contact = async (atMs: number) => {
      presence.note(device, atMs);
      await presence.fold(taken);
    };
    await contact(10 * DAY_MS);
    expect(await rhythm()).toBe(0);
    for (let hour = 1; hour <= 16; hour++) await contact(10 * DAY_MS + hour * HOUR_MS);
    expect(await rhythm()).toBe(HOUR_MS);
    for (let hour = 0; hour <= 16; hour++) await contact(11 * DAY_MS + hour * HOUR_MS);
    expect(await rhythm()).toBe(8 * HOUR_MS);
    presence = await presenceOn(storage);
    for (let hour = 17; hour < 8 * 24; hour++) await contact(11 * DAY_MS + hour * HOUR_MS);
    expect(await rhythm()).toBeGreaterThan(3 * HOUR_MS);
    expect(await rhythm()).toBeLessThan(4.5 * HOUR_MS);
  });

  it("keeps nothing for what is no device id", async () => {
    const presence = await presenceOn(new Storage());
    presence.note("stranger", 1000);
    expect([presence.hasUnsaved, await presence.lastSeen(["stranger"])]).toEqual([false, {}]);
  });
});

describe("devices by hour", () => {
  const HOUR_S = 3600;
  const FROM_S = 1_900_000_000;
  const devices = 4;
  const gaps = fc.integer({ min: 1, max: 5000 });
  const contacts = fc.array(fc.tuple(fc.nat({ max: devices - 1 }), gaps), { maxLength: 40 });

  const heardOf = (all: readonly (readonly [number, number])[]) =>
    Map.groupBy(all, ([, atS]) => Math.floor(atS / HOUR_S)).entries();

  const distinct = (all: readonly (readonly [number, number])[]) =>
    new Map([...heardOf(all)].map(([hour, some]) => [hour, new Set(some.map(([device]) => device)).size]));

  it("count each once in an hour, folded or not, and also what is folded twice", async () => {
    await fc.assert(
      fc.asyncProperty(contacts, async (history) => {
        const storage = new Storage();
        let atS = FROM_S;
        const all: [number, number][] = [];
        for (const [device, gapS] of history) {
          atS += gapS;
          all.push([device, atS]);
          const presence = await presenceOn(storage); // it has slept
          presence.note(idOf(device), atS * 1000);
          expect(await presence.seenByHour()).toEqual(distinct(all));
          await presence.save();
          await presence.fold(taken);
          await presence.fold(taken);
          expect(await presence.seenByHour()).toEqual(distinct(all));
        }
      }),
    );
  });

  it("lack of contacts that are folded together all but the last of a device, and have nobody twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(contacts, { maxLength: 5 }), async (folds) => {
        const presence = await presenceOn(new Storage());
        let atS = FROM_S;
        const counted: [number, number][] = [];
        for (const fold of folds) {
          const last = new Map<number, number>();
          for (const [device, gapS] of fold) {
            atS += gapS;
            presence.note(idOf(device), atS * 1000);
            last.set(device, atS);
          }
          counted.push(...last);
          expect(await presence.seenByHour()).toEqual(distinct(counted));
          await presence.fold(taken);
        }
        expect(await presence.seenByHour()).toEqual(distinct(counted));
      }),
    );
  });

  it("are told as none only where somebody looked, and forgotten after eight days", async () => {
    const presence = await presenceOn(new Storage());
    const look = (hour: number) =>
      presence.silences({ nowMs: hour * HOUR_S * 1000, patience: 3, pauseMs: 1, limit: 1 });
    await look(1);
    expect(await presence.seenByHour()).toEqual(new Map());
    presence.note(idOf(1), 2 * HOUR_S * 1000);
    await presence.fold(taken);
    for (const hour of [2, 4, 4, 200]) await look(hour);
    expect(await presence.seenByHour()).toEqual(new Map([[200, 0]]));
    presence.note(idOf(1), 201 * HOUR_S * 1000);
    expect(await presence.seenByHour()).toEqual(
      new Map([
        [200, 0],
        [201, 1],
      ]),
    );
  });

  it("tell for how long devices have been silent, but not those that nobody expects back", async () => {
    const presence = await presenceOn(new Storage());
    const nowMs = 40 * 86_400_000;
    presence.note(idOf(1), 86_400_000);
    presence.note(idOf(2), nowMs - 60_000);
    presence.note(idOf(3), nowMs - 90_000);
    expect(await presence.ages(nowMs)).toEqual([60_000, 90_000]);
    await presence.fold(taken);
    presence.note(idOf(3), nowMs - 5000);
    expect(await presence.ages(nowMs)).toEqual([5000, 60_000]);
  });
});
