import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addTo, hashOf, makeFilter, mayHold } from "../../../src/checkin/filter.ts";

const holds = (filter: ReturnType<typeof makeFilter>, id: string) => mayHold(filter, hashOf(id));

describe("a filter of devices", () => {
  it("never misses what was added, whatever its size and the ids", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.uuid(), fc.string()), { maxLength: 300 }),
        fc.nat({ max: 1000 }),
        (ids, room) => {
          const filter = makeFilter(room);
          for (const id of ids) addTo(filter, hashOf(id));
          return ids.every((id) => holds(filter, id));
        },
      ),
    );
  });

  it("says maybe to fewer than one in a thousand others while it is not overfull", () => {
    const filter = makeFilter(20_000);
    const id = (n: number) => `${n.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
    for (let n = 0; n < 20_000; n++) addTo(filter, hashOf(id(n)));
    let wrong = 0;
    for (let n = 20_000; n < 120_000; n++) if (holds(filter, id(n))) wrong += 1;
    expect(wrong).toBeLessThan(100);
  });

  it("stays within a megabyte for any fleet", () => {
    expect(makeFilter(10_000_000).bits.byteLength).toBe(1024 * 1024);
  });
});
