import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationMs } from "../../../src/deployments/rollout/duration.ts";
import { eachId } from "../../../src/deployments/id-list.ts";
import {
  deviceNumber,
  placeOf,
  placeOfNumber,
  saltOf,
  sharesOf,
  thresholdsOf,
} from "../../../src/deployments/rollout/order.ts";
import { percentOf, sizesOf, uniformPhases } from "../../../src/deployments/rollout/phases.ts";
import { windowAt } from "../../../src/deployments/rollout/windows.ts";

const percents = (...list: (number | null)[]) =>
  list.map((batchSize) => ({ batchSize, batchSizeDevices: null }));

describe("sizes of phases", () => {
  it("are rounded down, and the last takes all that remain", () => {
    const own = (phases: ReturnType<typeof percents>, total: number) =>
      sizesOf(phases, total).map((size, i, all) => size - (all[i - 1] ?? 0));
    expect(own(percents(10, 90), 100)).toEqual([10, 90]);
    expect(own(percents(13, 17, 29, null), 101)).toEqual([13, 17, 29, 42]);
    expect([0, 1, 2].map((i) => percentOf(percents(10, 45, null), i, 100))).toEqual([10, 45, 45]);
    const four = percents(10, 10, 10, 10, null);
    expect(percentOf(four, 4, 100)).toBe(60);
  });

  it("never decrease and end with everybody", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100), { minLength: 1, maxLength: 20 }),
        fc.nat(1_000_000),
        (list, total) => {
          const sizes = sizesOf(percents(...list), total);
          expect(sizes.at(-1)).toBe(total);
          expect(sizes.toSorted((a, b) => a - b)).toEqual(sizes);
        },
      ),
    );
  });

  it("at even intervals are as many as it takes, and not too many", () => {
    const uniform = { time_interval: "PT2H", batch_size_devices: 40 };
    const phases = uniformPhases(uniform, 100, 0);
    expect(phases.map(({ startMs }) => startMs)).toEqual([0, 7_200_000, 14_400_000]);
    expect(() => uniformPhases({ time_interval: "PT2H", batch_size_devices: 1 }, 101, 0)).toThrow(
      "101 batches",
    );
    expect(() => uniformPhases({ time_interval: "PT2H", batch_size: 1 }, 10, 0)).toThrow("Batch: (1)");
  });
});

describe("durations", () => {
  it.each([
    ["PT2H", 7_200_000],
    ["P1DT1M", 86_460_000],
    ["P2W", 1_209_600_000],
    ["PT0S", 0],
    ["P", undefined],
    ["PT", undefined],
    ["P1M", undefined],
    ["PT-1H", undefined],
    ["PT99999999999H", undefined],
  ])("%s", (text, ms) => expect(durationMs(text)).toBe(ms));

  it("never fail on a text", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof durationMs(text) !== "string"));
  });
});

describe("the order of devices", () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `device-${i}`);

  it("is another in each deployment, and the same number of devices in every phase", () => {
    const [a, b] = [saltOf("one"), saltOf("two")];
    const sizes = [200, 2000, 20_000];
    const within = (salt: number) => {
      const places = Int32Array.from(ids, (id) => placeOf(id, salt));
      const [first = null, second = null] = thresholdsOf(places.slice(), sizes);
      expect(places.filter((place) => place <= first!)).toHaveLength(200);
      expect(places.filter((place) => place <= second!)).toHaveLength(2000);
      return new Set(ids.filter((_, i) => places[i]! <= first!));
    };
    const [one, two] = [within(a), within(b)];
    expect(within(a)).toEqual(one);
    expect([...one].filter((id) => two.has(id)).length).toBeLessThan(20);
  });

  it("takes a share of all places where nobody knows the devices", () => {
    const [first = null] = sharesOf([10, 100], 100);
    const found = ids.filter((id) => placeOf(id, saltOf("x")) <= first!).length;
    expect(found / ids.length).toBeCloseTo(0.1, 1);
  });

  it("is reckoned as the database does, whatever the numbers", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (id, deployment) => {
        const place = placeOf(id, saltOf(deployment));
        expect(Number.isInteger(place) && place >= 0 && place < 2 ** 31).toBe(true);
      }),
    );
  });
});

describe("windows", () => {
  const weekly = (days: ("mon" | "fri" | "sat" | "sun")[], from: string, to: string) => ({ days, from, to });
  const at = (text: string) => Date.parse(text);
  const of = (zone: string, ...list: ReturnType<typeof weekly>[]) => ({ zone, weekly: list, holidays: [] });
  const told = (window: { fromMs: number; toMs: number } | undefined) =>
    window && [new Date(window.fromMs).toISOString(), new Date(window.toMs).toISOString()];

  it("open by the clock of their zone, across midnight and the change of its time", () => {
    const night = of("Europe/Berlin", weekly(["sat"], "22:00", "04:00"));
    // In the night to 2026-03-29 the hour from two to three is left out.
    expect(told(windowAt(night, "Europe/Berlin", at("2026-03-28T12:00:00Z")))).toEqual([
      "2026-03-28T21:00:00.000Z",
      "2026-03-29T02:00:00.000Z",
    ]);
    expect(told(windowAt(night, "Europe/Berlin", at("2026-03-29T01:30:00Z")))).toEqual([
      "2026-03-28T21:00:00.000Z",
      "2026-03-29T02:00:00.000Z",
    ]);
  });

  it("leave out holidays, and never open if these are all there is", () => {
    const fridays = { ...of("UTC", weekly(["fri"], "10:00", "11:00")), holidays: ["2026-01-02"] };
    expect(told(windowAt(fridays, "UTC", at("2026-01-01T00:00:00Z")))?.[0]).toBe("2026-01-09T10:00:00.000Z");
    const all = Array.from({ length: 420 }, (_, i) => new Date(i * 86_400_000).toISOString().slice(0, 10));
    expect(windowAt({ ...fridays, holidays: all }, "UTC", 0)).toBeUndefined();
  });

  it("are one where they meet", () => {
    const both = of("UTC", weekly(["fri"], "22:00", "02:00"), weekly(["sat"], "02:00", "05:00"));
    expect(told(windowAt(both, "UTC", at("2026-01-02T23:00:00Z")))).toEqual([
      "2026-01-02T22:00:00.000Z",
      "2026-01-03T05:00:00.000Z",
    ]);
  });
});

describe("ids in a text", () => {
  const listed = (json: string) => {
    const found: string[] = [];
    eachId(json, (text, from, to) => found.push(text.slice(from, to)));
    return found;
  };

  it("are those of the list, whatever they are made of", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (ids) => {
        expect(listed(JSON.stringify(ids))).toEqual(ids);
      }),
    );
  });

  it("have the same number and place as by themselves", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, id) => {
        const at = [before.length, before.length + id.length] as const;
        expect(deviceNumber(`${before}${id}"`, ...at)).toBe(deviceNumber(id));
        expect(placeOfNumber(deviceNumber(id), saltOf("x"))).toBe(placeOf(id, saltOf("x")));
      }),
    );
  });
});
