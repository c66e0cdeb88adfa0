import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityMembers, identityOf, parseIdentity } from "../../../src/deviceauth/identity.ts";

const textOf = (value: unknown) => {
  const parsed = identityOf(value);
  return parsed.ok ? parsed.identity.text : parsed.problem;
};

const anIdentity = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 }), {
  maxKeys: 8,
});

/** The same value with the members of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe("canonical identity", () => {
  it.each([
    [{ b: 1, a: { d: [1, { z: 1, y: 2 }], c: null } }, '{"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1}'],
    [{ a: "<&>\u2028\u2029" }, '{"a":"\\u003c\\u0026\\u003e\\u2028\\u2029"}'],
    [{ "\uffff": 1, "\u{10000}": 2 }, '{"\uffff":1,"\u{10000}":2}'],
    [{ a: "\ud800" }, '{"a":"\ufffd"}'],
    [null, "{}"],
    [{}, "{}"],
  ])("writes %j", (value, text) => {
    expect(textOf(value)).toBe(text);
  });

  it("passes numbers through a double", () => {
    const parsed = parseIdentity('{"a":1.0,"b":9007199254740993,"c":1e2,"d":1E-7,"e":1e21}');
    expect(parsed).toMatchObject({
      identity: { text: '{"a":1,"b":9007199254740992,"c":100,"d":1e-7,"e":1e+21}' },
    });
  });

  it("keeps a member named __proto__ a member", () => {
    expect(parseIdentity('{"__proto__":{"a":1}}')).toMatchObject({
      identity: { text: '{"__proto__":{"a":1}}' },
    });
  });

  it("does not depend on the order of members or on spaces", () => {
    fc.assert(
      fc.property(anIdentity, (value) => {
        const one = parseIdentity(JSON.stringify(value));
        const other = parseIdentity(JSON.stringify(reversed(value), undefined, "\t "));
        expect(one.ok).toBe(true);
        expect(other).toEqual(one);
      }),
    );
  });

  it("is its own canonical form", () => {
    fc.assert(
      fc.property(anIdentity, (value) => {
        const text = textOf(value);
        expect(parseIdentity(text)).toMatchObject({ identity: { text } });
        expect(textOf(identityMembers(text))).toBe(text);
      }),
    );
  });

  it("tells different identities apart", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        fc.pre(a.toWellFormed() !== b.toWellFormed());
        const [one, other] = [identityOf({ mac: a }), identityOf({ mac: b })];
        expect(one.ok && one.identity.hash).not.toBe(other.ok && other.identity.hash);
      }),
    );
  });

  it.each(["[]", '"x"', "7", "true"])("refuses %s, which is no object", (text) => {
    expect(parseIdentity(text)).toEqual({ ok: false, problem: "must be a JSON object" });
  });

  it("refuses what has no canonical form or no end", () => {
    expect(parseIdentity('{"a":-1e999}')).toEqual({ ok: false, problem: "number out of range" });
    const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    expect(parseIdentity(deep)).toEqual({ ok: false, problem: "exceeded max depth" });
    expect(identityOf({ a: "x".repeat(65_536) })).toEqual({
      ok: false,
      problem: "must be no longer than 65536",
    });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof parseIdentity(text).ok).toBe("boolean");
      }),
    );
  });
});
