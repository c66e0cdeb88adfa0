import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attempt } from "../../../src/events/attempt.ts";
import { inventoryToldStatements } from "../../../src/events/lifecycle.ts";
import { Outcomes, partsOf } from "../../../src/events/outcomes.ts";
import type { StreamEvent } from "../../../src/events/stream-event.ts";
import { tellAll } from "../../../src/events/telling.ts";
import { settled, unsettled, type Window } from "../../../src/events/window.ts";
import { asDeviceId, asTenantId } from "../../../src/platform/ids.ts";

const event = (position: number, device: string): StreamEvent => ({
  position,
  id: String(position),
  type: "configuration.applied",
  atMs: 0,
  device: asDeviceId(device),
  data: {},
});

/** A receiver that ends each request as it is told to, in turn. */
class Fickle {
  readonly taken: number[] = [];
  readonly #moods: readonly ("takes" | "refuses" | "away")[];
  #turn = 0;
  readonly batch: number;

  constructor(moods: readonly ("takes" | "refuses" | "away")[], batch: number) {
    this.#moods = moods;
    this.batch = batch;
  }

  chosen = async (events: readonly StreamEvent[]) => events;

  send = async (events: readonly StreamEvent[]): Promise<Attempt> => {
    const mood = this.#moods[this.#turn++ % this.#moods.length];
    if (mood === "away") return { success: false };
    if (mood === "refuses") return { success: false, statusCode: 422 };
    this.taken.push(...events.map(({ position }) => position));
    return { success: true, statusCode: 200 };
  };
}

const moods = fc.array(fc.constantFrom("takes", "takes", "takes", "refuses", "away"), { minLength: 1 });
const stream = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 40 });

describe("a window of the stream", () => {
  it("is told once and in order of each device, whatever the receiver does, with what is left in lanes or behind", async () => {
    await fc.assert(
      fc.asyncProperty(stream, moods, fc.integer({ min: 1, max: 7 }), async (devices, ways, batch) => {
        const receiver = new Fickle(ways, batch);
        const all = devices.map((device, i) => event(i + 1, device));
        let position = 0;
        let ahead: readonly number[] = [];
        const lanes = new Map<string, number>();
        for (let turn = 0; turn < 200 && position < all.length; turn++) {
          const open = all.filter((one) => one.position > position && !ahead.includes(one.position));
          const isHeld = ({ device }: StreamEvent) => lanes.has(device ?? "");
          const window: Window = {
            end: all.length,
            events: open.filter((one) => !isHeld(one)),
            held: open.filter(isHeld),
            expired: [],
            done: ahead,
          };
          const told = await tellAll(receiver, window.events, () => 0, 1);
          const isLost = told.attempts.size > 0 && !told.isThere;
          const outcome = isLost ? unsettled(window, told, position, 0) : settled(window, told, 0);
          position = outcome.position;
          ahead = outcome.ahead;
          for (const { lane_key: key, next } of outcome.lanes)
            if (key !== null && !lanes.has(key)) lanes.set(key, next);
        }
        // Nothing twice, and of each device what was taken is what came before the one that it waits at.
        expect(new Set(receiver.taken).size).toBe(receiver.taken.length);
        for (const device of new Set(devices)) {
          const own = all.filter((one) => one.device === device).map((one) => one.position);
          const taken = receiver.taken.filter((at) => own.includes(at));
          expect(taken).toEqual(own.slice(0, taken.length));
          const [next] = own.slice(taken.length);
          if (position >= all.length) expect(lanes.get(device)).toBe(next);
        }
      }),
    );
  });
});

describe("how deliveries ended", () => {
  it("is read as it was recorded, event by event", () => {
    const outcome = fc.record({
      position: fc.integer({ min: 1, max: 3000 }),
      isTaken: fc.boolean(),
      before: fc.integer({ min: 0, max: 3 }),
      answer: fc.option(fc.string({ maxLength: 3000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(outcome, { selector: ({ position }) => position }), (list) => {
        const ended = list.map(({ position, isTaken, before, answer }) => ({
          position,
          before,
          attempt: {
            success: isTaken,
            statusCode: isTaken ? 200 : 422,
            ...(answer !== undefined && { answer }),
          },
        }));
        const rows = partsOf(ended, 7).map(({ part, outcomes }) => ({
          receiver_id: "r",
          part,
          outcomes: JSON.stringify(outcomes),
        }));
        const known = new Outcomes(rows);
        for (const { position, attempt } of ended) {
          const found = known.of("r", position);
          expect([found?.success, found?.statusCode, found?.atMs]).toEqual([
            attempt.success,
            attempt.statusCode,
            7,
          ]);
          expect(JSON.stringify(found?.answer ?? "").length).toBeLessThanOrEqual(1026);
        }
        expect(known.of("r", 3001)).toBeUndefined();
      }),
    );
  });
});

it("attributes with names of a megabyte are told by the beginning of their names alone", () => {
  const attributes = [{ scope: "inventory", name: "n".repeat(1024 * 1024), value: "v" }];
  const change = { tenant: asTenantId("t"), device: asDeviceId("d"), attributes, atMs: 0 };
  const [append] = inventoryToldStatements(change);
  const given = append!.params.find(
    (param) => typeof param === "string" && param.includes("device.inventory_changed"),
  );
  expect(JSON.parse(String(given))).toMatchObject([
    { data: { attributes: [{ name: "n".repeat(256), value: null }], shortened: true } },
  ]);
});
