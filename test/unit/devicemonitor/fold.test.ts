import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALERTS_AT_ONCE,
  FLAPPING_CHANGES,
  fold,
  idOf,
  MAILS_AT_ONCE,
  MAX_SUBJECTS,
  UNKNOWN,
  type Folded,
  type Known,
} from "../../../src/devicemonitor/fold.ts";
import type { AlertValue } from "../../../src/devicemonitor/schema.ts";

const START_MS = Date.UTC(2030, 1, 1);
const MINUTE_MS = 60_000;

const anAlert = (name: string, level: string, atMs = START_MS): AlertValue => ({
  name: `about ${name}`,
  level,
  timestamp: new Date(atMs).toISOString(),
  subject: { name, type: "service", status: "x" },
});

/** A device as it is after batches. */
class Device {
  #known: Known = { ...UNKNOWN, countedMs: START_MS, latest: new Map(), ids: new Set() };
  readonly #latest = new Map<string, Folded["latest"][number]>();
  readonly ids = new Set<string>();
  kept = 0;
  mails: string[] = [];
  /** What the world was told, and as what it knows each subject. */
  told = 0;
  readonly world: Record<string, string> = {};

  take(batch: AlertValue[], nowMs: number): Folded {
    const folded = fold("d", { ...this.#known, latest: this.#latest, ids: this.ids }, batch, nowMs);
    for (const row of folded.kept) this.ids.add(row.id);
    for (const row of folded.latest) this.#latest.set(row.subject, row);
    this.kept += folded.kept.length;
    this.mails.push(...folded.mails.map(({ reason }) => reason));
    for (const { subject, level } of folded.told) {
      expect(this.world[subject] ?? "OK").not.toBe(level);
      this.world[subject] = level;
      this.told += 1;
    }
    this.#known = { ...this.#known, ...folded.state, subjects: this.#latest.size };
    return folded;
  }

  get levels(): Record<string, string> {
    return Object.fromEntries([...this.#latest].map(([subject, { level }]) => [subject, level]));
  }

  /** As what the world should know what it does not know by its level. */
  get untold(): Record<string, string> {
    const held = [...this.#latest].filter(([, { told }]) => told !== null);
    return Object.fromEntries(held.map(([subject, { told }]) => [subject, told!]));
  }

  get subjects(): number {
    return this.#latest.size;
  }
}

describe("a batch of alerts", () => {
  it("leaves the last level of each subject, whatever comes, within its bounds", () => {
    const level = fc.constantFrom("OK", "CRITICAL", "WARNING");
    const alert = fc.record({
      name: fc.constantFrom("a", "b", "c", "d"),
      level,
      atMs: fc.integer({ min: 0, max: 4e12 }),
    });
    const batches = fc.array(
      fc.record({
        batch: fc.array(alert, { maxLength: 128 }),
        pauseMs: fc.integer({ min: 0, max: 3 * MINUTE_MS }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(batches, (given) => {
        const device = new Device();
        const model: Record<string, string> = {};
        const seen = new Set<string>();
        let nowMs = START_MS;
        for (const { batch, pauseMs } of given) {
          nowMs += pauseMs;
          const alerts = batch.map(({ name, level: of, atMs }) => anAlert(name, of, atMs));
          for (const one of alerts) {
            if (seen.has(idOf("d", one))) continue;
            seen.add(idOf("d", one));
            model[one.subject.name] = one.level;
          }
          device.take(alerts, nowMs);
          // Only what was kept is known when it comes again.
          for (const id of seen) if (!device.ids.has(id)) seen.delete(id);
        }
        const minutes = (nowMs - START_MS) / MINUTE_MS;
        expect(device.levels).toEqual(model);
        // The world knows each subject by its level, or it is noted by which other one.
        const known = { ...device.levels, ...device.untold };
        for (const [subject, as] of Object.entries(known)) expect(device.world[subject] ?? "OK").toBe(as);
        expect(device.kept).toBeLessThanOrEqual(ALERTS_AT_ONCE + minutes + 1);
        expect(device.mails.length).toBeLessThanOrEqual(MAILS_AT_ONCE + minutes / 3 + 1);
      }),
      { numRuns: 50 },
    );
  });

  it("mails what is new or changes its level, and nothing that came before", () => {
    const device = new Device();
    const batch = [anAlert("a", "OK"), anAlert("b", "CRITICAL"), anAlert("c", "CRITICAL")];
    device.take(batch, START_MS);
    device.take(batch, START_MS);
    device.take([anAlert("b", "CRITICAL", START_MS + 1)], START_MS);
    expect(device.mails).toEqual(["alert", "alert", "alert"]);
  });

  it("tells of going up and down once, and again after a rest", () => {
    const device = new Device();
    const change = (i: number) =>
      device.take([anAlert("a", i % 2 ? "OK" : "CRITICAL", START_MS + i)], START_MS + i);
    for (let i = 0; i < 50; i++) change(i);
    expect(device.mails).toEqual([...Array.from({ length: FLAPPING_CHANGES }, () => "alert"), "flapping"]);
    change(60 * MINUTE_MS);
    expect(device.mails.at(-1)).toBe("alert");
  });

  it("tells the world of what goes up and down as often, and notes that it did not", () => {
    const device = new Device();
    const change = (i: number) =>
      device.take([anAlert("a", i % 2 ? "OK" : "CRITICAL", START_MS + i)], START_MS + i);
    for (let i = 0; i < 50; i++) change(i);
    expect([device.told, device.levels, device.untold]).toEqual([
      FLAPPING_CHANGES + 1,
      { a: "OK" },
      { a: "CRITICAL" },
    ]);
    change(60 * MINUTE_MS + 1);
    expect([device.told, device.untold]).toEqual([FLAPPING_CHANGES + 2, {}]);
  });

  it("of a device that has too many subjects adds none", () => {
    const device = new Device();
    for (let i = 0; i < MAX_SUBJECTS + 100; i++)
      device.take([anAlert(`s${i}`, "OK")], START_MS + i * MINUTE_MS);
    expect(device.subjects).toBe(MAX_SUBJECTS);
  });
});
