import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  mayConcern,
  QUEUED,
  REVOKED,
  updated,
  updateFor,
  versionsOf,
  type Digest,
  type Part,
} from "../../../src/checkin/digest.ts";
import { addTo, hashOf, makeFilter } from "../../../src/checkin/filter.ts";

const NOW = 1_000_000;

function filled(...ids: string[]) {
  const filter = makeFilter(ids.length);
  for (const id of ids) addTo(filter, hashOf(id));
  return filter;
}

const part = (version: number, filter: Part["filter"], opensMs = 0): Part => ({ version, opensMs, filter });

const digest = (parts: Record<string, Part> = {}, more: Partial<Digest> = {}): Digest => ({
  generation: 1,
  active: true,
  revokedS: 100,
  parts: new Map(Object.entries({ [REVOKED]: part(1, filled()), [QUEUED]: part(1, filled()), ...parts })),
  ...more,
});

const device = { device: "d", authSet: "s", issuedS: 101 };

describe("a check", () => {
  it("is no concern of an empty digest", () => {
    expect(mayConcern(digest(), device, NOW)).toBe(false);
  });

  it.each([
    ["the tenant is suspended", digest({}, { active: false })],
    ["the token is too old", digest({}, { revokedS: 101 })],
    ["the set was revoked", digest({ [REVOKED]: part(2, filled("s")) })],
    ["the device was revoked", digest({ [REVOKED]: part(2, filled("d")) })],
    ["the device is queued for", digest({ [QUEUED]: part(2, filled("d")) })],
    ["a deployment waits for the device", digest({ one: part(2, filled("a", "d", "b")) })],
    ["a deployment waits for whoever it may be", digest({ one: part(2, undefined) })],
    ["a deployment has just opened", digest({ one: part(2, undefined, NOW) })],
  ])("is one when %s", (_when, of) => {
    expect(mayConcern(of, device, NOW)).toBe(true);
  });

  it("is none of a deployment that opens later", () => {
    expect(mayConcern(digest({ one: part(2, undefined, NOW + 1) }), device, NOW)).toBe(false);
  });
});

describe("an update of a digest", () => {
  const names = fc.constantFrom(REVOKED, QUEUED, "one", "two", "three");
  const parts = fc.dictionary(names, fc.record({ version: fc.nat({ max: 3 }) }));

  it("makes of any older digest the newer one, and sends no filter that is held already", () => {
    // One version of a part has one content.
    const of = (shape: Record<string, { version: number }>): Digest => ({
      generation: 1,
      active: true,
      revokedS: 0,
      parts: new Map(
        Object.entries(shape).map(([name, { version }]) => [
          name,
          part(version, version === 0 ? undefined : filled(`${name} ${version}`)),
        ]),
      ),
    });
    fc.assert(
      fc.property(fc.option(parts, { nil: undefined }), parts, (before, after) => {
        const held = before && of(before);
        const update = updateFor(of(after), versionsOf(held));
        expect(updated(held, update)).toEqual(of(after));
        for (const { name, known, filter } of update.parts) {
          if (known) expect([held?.parts.has(name), filter]).toEqual([true, undefined]);
        }
      }),
    );
  });
});
