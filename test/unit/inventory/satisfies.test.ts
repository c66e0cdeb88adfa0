import fc from "fast-check";
import { expect, it } from "vitest";
import { satisfies } from "../../../src/inventory/search/satisfies.ts";
import { keyOf } from "../../../src/inventory/attributes.ts";
import { naiveMatch, type NaiveDevice, type NaivePredicate } from "../../support/naive-search.ts";

const text = fc.constantFrom("", "a", "ab", "b", "é", "123", "z\u{1F600}", "\u{FFFD}");
const number = fc.constantFrom(0, -1, 1.5, 123, 1e9);
const value = fc.oneof(text, number, fc.array(text, { maxLength: 3 }), fc.array(number, { maxLength: 3 }));
const name = fc.constantFrom("one", "two");

const device = fc.record({
  attributes: fc.dictionary(name, value),
  status: fc.constantFrom("accepted", "pending"),
  group: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
  createdMs: fc.constantFrom(1000, 2000, 3000),
});

const scalar = fc.oneof(text, number);
const bound = fc.constantFrom("$gt", "$gte", "$lt", "$lte", "$ltne");
const stored = { scope: fc.constant("inventory"), attribute: name };
const predicate: fc.Arbitrary<NaivePredicate> = fc.oneof(
  fc.record({ ...stored, type: fc.oneof(fc.constantFrom("$eq", "$ne"), bound), value: scalar }),
  fc.record({ ...stored, type: fc.constantFrom("$in", "$nin"), value: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ ...stored, type: fc.constant("$exists"), value: fc.boolean() }),
  fc.record({
    ...stored,
    type: fc.constant("$regex"),
    value: fc.constantFrom("^a", "b$", "[0-9]+", "(?i)A"),
  }),
  fc.record({
    scope: fc.constant("system"),
    attribute: fc.constant("group"),
    type: fc.constantFrom("$eq", "$ne"),
    value: fc.constantFrom("a", "b"),
  }),
  fc.record({
    scope: fc.constant("identity"),
    attribute: fc.constant("status"),
    type: fc.constantFrom("$eq", "$ne"),
    value: fc.constantFrom("accepted", "pending"),
  }),
  fc.record({
    scope: fc.constant("system"),
    attribute: fc.constant("created_ts"),
    type: fc.oneof(fc.constantFrom("$eq", "$ne"), bound),
    value: fc.constantFrom(1000, 2000, 2500).map((ms) => new Date(ms).toISOString()),
  }),
);

it("finds of a single device what a search finds among all", () => {
  fc.assert(
    fc.property(device, fc.array(predicate, { maxLength: 4 }), (of, predicates) => {
      const naive: NaiveDevice = {
        id: "d",
        attributes: {
          ...Object.fromEntries(Object.entries(of.attributes).map(([key, own]) => [`inventory/${key}`, own])),
          "identity/status": of.status,
          ...(of.group !== undefined && { "system/group": of.group }),
          "system/created_ts": new Date(of.createdMs).toISOString(),
        },
      };
      const attributes = Object.entries(of.attributes).map(([key, own]) => [keyOf("inventory", key), [own]]);
      const row = {
        device_id: "d" as never,
        status: of.status,
        tier: "standard",
        group_name: of.group ?? null,
        created_ms: of.createdMs,
        updated_ms: 1,
        check_in_ms: null,
        attributes: JSON.stringify(Object.fromEntries(attributes)),
      };
      expect(satisfies(row, predicates as Parameters<typeof satisfies>[1])).toBe(
        predicates.every((one) => naiveMatch(naive, one)),
      );
    }),
    { numRuns: 2000 },
  );
});

it("is of no filter that a search refuses", () => {
  const row = {
    device_id: "d" as never,
    status: "accepted",
    tier: "standard",
    group_name: null,
    created_ms: 1,
    updated_ms: 1,
    check_in_ms: null,
    attributes: "{}",
  };
  expect(satisfies(row, [{ scope: "inventory", attribute: "one", type: "$regex", value: "(a" }])).toBe(false);
  expect(satisfies(row, [])).toBe(true);
});
