import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRegex } from "../../../src/inventory/search/regex.ts";

const matches = (pattern: string, text: string, spend?: (steps: number) => void) => {
  const result = compileRegex(pattern);
  if (!result.ok) throw new Error(result.reason);
  return result.regex.test(text, spend);
};

const literal = fc.constantFrom("a", "b", "c", "ab", "\\.", "\\d", "\\w", "[a-c]", "[^b]", ".", "\\b", "x1");
const quantifier = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,3}", "{0,}", "*?");
const piece = fc
  .tuple(literal, quantifier)
  .map(([atom, times]) => (atom === "\\b" ? atom : `(?:${atom})${times}`));
const pattern = fc
  .tuple(
    fc.constantFrom("", "^"),
    fc.array(
      fc.array(piece, { maxLength: 4 }).map((p) => p.join("")),
      { minLength: 1, maxLength: 3 },
    ),
    fc.constantFrom("", "$"),
  )
  .map(([head, branches, tail]) => `${head}(${branches.join("|")})${tail}`);
const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "x", "1", ".", " ", "A"), maxLength: 12 });

describe("bounded regular expressions", () => {
  it("match what the language's own do", () => {
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        expect(matches(source, subject)).toBe(new RegExp(source, "u").test(subject));
      }),
      { numRuns: 2000 },
    );
  });

  it("ignore case in the form /expression/i", () => {
    expect(matches("/^RASP.*[A-Z]$/i", "raspberrypi")).toBe(true);
    expect(matches("^RASP", "raspberrypi")).toBe(false);
  });

  it("tell the text that every match begins with", () => {
    const prefix = (source: string) => {
      const result = compileRegex(source);
      return result.ok ? result.regex.prefix : undefined;
    };
    expect(prefix("^rasp")).toBe("rasp");
    expect(prefix("^00:11:.*")).toBe("00:11:");
    expect(prefix("^abc?d")).toBe("ab");
    expect(prefix("^ab|c")).toBe("");
    expect(prefix("abc")).toBe("");
  });

  it.each(["(a+)+$", "(a|a)*b", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a?){50}a{50}", "(x+x+)+y"])(
    "spend little on the hostile expression %s",
    (source) => {
      let steps = 0;
      matches(source, "a".repeat(256), (more) => (steps += more));
      expect(steps).toBeLessThan(256 * 2000);
    },
  );

  it.each([
    ["(?=a)", "look-around"],
    ["(a)\\1", "\\1"],
    ["(", "ends too early|unmatched"],
    ["a)", "unmatched"],
    ["[a", "ends too early"],
    ["*a", "nothing to repeat"],
    ["a**", "nothing to repeat"],
    ["[z-a]", "out of order"],
    ["a{3,1}", "out of order"],
    ["a{1000}", "repeats more"],
    ["(((a{90}){90}){90})", "too large"],
    ["(".repeat(60) + ")".repeat(60), "nested too deeply"],
    ["\\", "ends too early"],
    ["a".repeat(257), "longer"],
  ])("refuse %s", (source, reason) => {
    const result = compileRegex(source);
    expect(result.ok ? "accepted" : result.reason).toMatch(new RegExp(reason.replace("\\1", "\\\\1")));
  });

  it("never throw on garbage", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ab()[]{}|*+?^$\\.-1,:=".split("")), maxLength: 20 }),
        text,
        (source, subject) => {
          const result = compileRegex(source);
          if (result.ok) expect(typeof result.regex.test(subject)).toBe("boolean");
        },
      ),
      { numRuns: 3000 },
    );
  });
});
