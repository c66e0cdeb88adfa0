import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPattern } from "../../../src/deviceauth/pattern.ts";

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
  ])("%s fits %s: %s", (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });

  it("agrees with a regular expression", () => {
    const few = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", ".", ":"), maxLength: 8 });
    fc.assert(
      fc.property(few, few, (pattern, text) => {
        expect(matchesPattern(pattern, text)).toBe(expected(pattern, text));
      }),
      { numRuns: 2000 },
    );
  });

  it("answers hostile input quickly", () => {
    const pattern = `${"*a".repeat(127)}*b`;
    expect(matchesPattern(pattern, "a".repeat(1024))).toBe(false);
    expect(matchesPattern("*", "a".repeat(1025))).toBe(false);
  });
});
