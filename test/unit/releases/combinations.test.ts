import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf, MAX_COMBINATIONS, unwind } from "../../../src/releases/combinations.ts";

describe("combinations of depends", () => {
  it("pick one value of each key", () => {
    expect(unwind({ device_type: ["a", "b"], version: "1", group: ["x", "y"] })).toEqual([
      { device_type: "a", group: "x", version: "1" },
      { device_type: "a", group: "y", version: "1" },
      { device_type: "b", group: "x", version: "1" },
      { device_type: "b", group: "y", version: "1" },
    ]);
  });

  it("leave repeated values and keys without values out", () => {
    expect(unwind({ device_type: ["a", "a"], empty: [] })).toEqual([{ device_type: "a" }]);
    expect(unwind({})).toEqual([{}]);
  });

  it("are refused beyond the limit, without making them first", () => {
    const values = (count: number) => Array.from({ length: count }, (_, i) => String(i));
    expect(unwind({ a: values(32), b: values(32) })).toHaveLength(MAX_COMBINATIONS);
    expect(unwind({ a: values(33), b: values(32) })).toBeUndefined();
    const many = Object.fromEntries(values(1000).map((key) => [key, values(200)]));
    expect(unwind(many)).toBeUndefined();
  });

  it("have digests that are equal exactly when they are, whatever the order of keys", () => {
    const depends = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });
    const digest = (value: Record<string, string>) => digestOf(unwind(value)![0]!);
    fc.assert(
      fc.property(depends, depends, (a, b) => {
        const reversed = Object.fromEntries(Object.entries(a).toReversed());
        expect(digest(reversed)).toBe(digest(a));
        const isSame =
          Object.keys(a).length === Object.keys(b).length &&
          Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && b[key] === value);
        expect(digest(a) === digest(b)).toBe(isSame);
      }),
    );
  });
});
