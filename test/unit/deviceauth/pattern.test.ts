import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPattern } from "../../../src/deviceauth/glob.ts";
import { ruleFor } from "../../../src/deviceauth/rules.ts";
import { StepBudget, STEPS } from "../../../src/platform/step-budget.ts";

const fits = (pattern: string, text: string) =>
  matchesPattern(pattern, text, new StepBudget(STEPS.device, () => new Error("too costly")));

/** The same question asked of a regular expression. */
const expected = (pattern: string, text: string) => {
  const source = Array.from(pattern, (char) =>
    char === "*" ? ".*" : char === "?" ? "." : char.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"),
  ).join("");
  return new RegExp(`^${source}$`, "su").test(text);
};

describe("an identity pattern", () => {
  it.each([
    ["de:ad:*", "DE:AD:00:01", true],
    ["de:ad:*", "de:ad:", true],
    ["de:ad:*", "00:de:ad:01", false],
    ["*-7", "line-7", true],
    ["*-7", "line-77", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a?c", "a😀c", true],
    ["", "", true],
    ["*", "", true],
    [".*", "abc", false],
    ["a**b*", "axxb", true],
  ])("%s fits %s: %s", (pattern, text, wanted) => {
    expect(fits(pattern, text)).toBe(wanted);
  });

  it("agrees with a regular expression", () => {
    const few = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", ".", ":"), maxLength: 8 });
    fc.assert(
      fc.property(few, few, (pattern, text) => {
        expect(fits(pattern, text)).toBe(expected(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  it("stops where hostile input would take too long", () => {
    const pattern = `${"*a".repeat(127)}*b`;
    expect(() => {
      for (let i = 0; i < 100; i++) fits(pattern, "a".repeat(1024));
      const budget = new StepBudget(1000, () => new Error("too costly"));
      matchesPattern(pattern, "a".repeat(1024), budget);
    }).toThrow("too costly");
    expect(fits("*", "a".repeat(1025))).toBe(false);
  });

  it("lets in no identity that takes too long to compare with the rules", () => {
    const rule = { identity: { mac: `*${"?a".repeat(100)}b` }, secretHash: null };
    const identity = (mac: unknown) => ({ text: JSON.stringify({ mac }), hash: "" });
    const any = { identity: { mac: "*" }, secretHash: null };
    expect(ruleFor([rule, any], identity("a".repeat(40)), "")).toBe(any);
    const many = Array.from({ length: 60 }, () => "a".repeat(1024));
    expect(ruleFor([rule, any], identity(many), "")).toBeUndefined();
  });
});
