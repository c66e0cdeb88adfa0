import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRegex, compileWholeRegex } from "../../../src/platform/regex/regex.ts";

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

  it.each([
    ["(?i)^RASP", "raspberrypi", true],
    ["(?i)^änd", "ÄNDERUNG", true],
    ["(?i)σ", "ΧΩΡΙΣ", true],
    ["(?i)[^a]", "A", false],
    ["(?i)s", "ß", false],
    ["a(?i)b|c", "C", true],
    ["(a(?i)b)c", "aBC", false],
    ["(?i:a)b", "Ab", true],
    ["(?i:a)b", "AB", false],
    ["(?i)a(?-i)b", "AB", false],
    ["(?s)a.b", "a\nb", true],
    ["(?m)^b$", "a\nb\nc", true],
    ["(?im-s:^B$)", "a\nb", true],
    ["(?<year>\\d{4})-(?P<month>\\d\\d)", "on 2026-07", true],
  ])("take the flags and names inside %s", (pattern, subject, expected) => {
    expect(matches(pattern, subject)).toBe(expected);
  });

  it.each([
    ["^[[:digit:]]+$", "123", "12a"],
    ["^[[:alpha:]_-]+$", "ab_c-d", "ab1"],
    ["^[[:^digit:]]+$", "abc", "ab1"],
    ["^[^[:space:]]+$", "abc", "a c"],
    ["^[[:upper:]][[:lower:]]+$", "Abc", "abc"],
    ["^[[:xdigit:]]{2}(:[[:xdigit:]]{2}){5}$", "0a:1B:2c:3D:4e:5f", "0a:1B:2c:3D:4e:5g"],
    ["^[[:punct:]]$", "~", "a"],
    ["(?i)^[[:upper:]]+$", "abc", "ab1"],
    ["^[[]$", "[", "]"],
    ["^[][:]+$", "[:]", "a"],
    ["^[\\w.]+$", "a_1.", "a b"],
  ])("know the POSIX classes of %s", (pattern, yes, no) => {
    expect(matches(pattern, yes)).toBe(true);
    expect(matches(pattern, no)).toBe(false);
  });

  it("agree with the language on POSIX classes written out, in any case", () => {
    const classes: [string, string][] = [
      ["[:digit:]", "0-9"],
      ["[:alnum:]", "0-9A-Za-z"],
      ["[:word:]", "\\w"],
      ["[:blank:]", " \\t"],
      ["[:punct:]", "!-\\/:-@\\[-`\\{-~"],
    ];
    const set = fc.tuple(
      fc.constantFrom(...classes),
      fc.constantFrom("", "^"),
      fc.constantFrom("", "x", "a-c"),
    );
    fc.assert(
      fc.property(set, fc.boolean(), text, ([[posix, plain], negated, more], fold, subject) => {
        const ours = `${fold ? "(?i)" : ""}^[${negated}${posix}${more}]+$`;
        const theirs = new RegExp(`^[${negated}${plain}${more}]+$`, fold ? "iu" : "u");
        expect(matches(ours, subject)).toBe(theirs.test(subject));
      }),
      { numRuns: 500 },
    );
  });

  it("match whole texts where that is asked for", () => {
    const whole = (pattern: string, subject: string) => {
      const result = compileWholeRegex(pattern);
      return result.ok && result.regex.test(subject);
    };
    expect([whole("a|b", "b"), whole("a|b", "ab"), whole("(?i)abc", "ABC")]).toEqual([true, false, true]);
    expect(compileWholeRegex("a)|(b").ok).toBe(false);
    expect(compileWholeRegex("rasp.*")).toMatchObject({ regex: { prefix: "rasp" } });
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
    "(((((){100}){100}){100}){100}){100}",
    "((((((|){100}){100}){100}){100}){100}){100}",
    "(((((?:){0,100}){0,100}){0,100}){0,100}){0,100}",
    "(((((^){100}){100}){100}){100}){100}",
    "((((((a{0}){100}){100}){100}){100}){100}){100}",
    "(((((?i){100}){100}){100}){100}){100}",
    "((((((){99,}){99,}){99,}){99,}){99,}){99,}",
  ])("are refused before they are built where building takes too long: %s", (source) => {
    const began = process.cpuUsage().user;
    expect(compileRegex(source)).toMatchObject({ ok: false, reason: "is too large" });
    expect(process.cpuUsage().user - began).toBeLessThan(100_000);
  });

  it.each([
    ["(?=a)", "look-around"],
    ["(?>a)", "look-around"],
    ["(?x)a b", "flag x"],
    ["[:digit:]+", "outside of brackets"],
    ["[[:digits:]]", "unknown name"],
    ["[[.a.]]", "collating"],
    ["[[=a=]]", "collating"],
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
