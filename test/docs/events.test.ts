import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { EVENT_TYPES, isOfType, TYPE_PATTERN } from "../../src/platform/event-types.ts";
import { eventTypesAsTold } from "./event-types.ts";

const TOLD = readFileSync("docs/events.md", "utf8");

it("tells every type of events with its schema and a sample, and no other", () => {
  const [, told = ""] = TOLD.split("## Types\n\n");
  expect(told.trim()).toBe(eventTypesAsTold().trim());
});

it.each(Object.entries(EVENT_TYPES))(
  "has a sample of %s that fits its schema, and a name that patterns find",
  (type, { data, sample }) => {
    expect(data.parse(sample)).toEqual(sample);
    expect(TYPE_PATTERN.test(type)).toBe(true);
    const [area = ""] = type.split(".");
    expect([isOfType([`${area}.*`], type), isOfType(["*"], type), isOfType(["other.*"], type)]).toEqual([
      true,
      true,
      false,
    ]);
  },
);
