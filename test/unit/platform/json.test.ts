import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson, parseKeptJson } from "../../../src/platform/json.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("JSON from outside", () => {
  it("is read like any other", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("may be nested 128 levels deep and no deeper", () => {
    expect(parseJson(nested(128))).toEqual(JSON.parse(nested(128)));
    expect(() => parseJson(nested(129))).toThrow("exceeded max depth");
    expect(() => parseJson('{"a":'.repeat(129))).toThrow("exceeded max depth");
  });

  it("counts levels, not brackets", () => {
    const wide = `[${"[{}],".repeat(1000)}1]`;
    expect(parseJson(wide)).toEqual(JSON.parse(wide));
    const text = JSON.stringify([`"\\${"[{".repeat(1000)}`]);
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("has no brackets in its texts, whatever they escape", () => {
    const texts = fc.string({ unit: fc.constantFrom("[", "{", '"', "\\", "\\u0022", "x"), maxLength: 2000 });
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseJson(JSON.stringify({ [text]: text }))).toEqual({ [text]: text });
      }),
    );
  });

  it("has no member that validation drops, however it is spelled", () => {
    for (const text of ['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"\\u005f_proto__":"x"}'])
      expect(() => parseKeptJson(text)).toThrow("a member cannot be named __proto__");
    const kept = '{"a":"__proto__","constructor":["\\u0041"],"proto":{}}';
    expect(parseKeptJson(kept)).toEqual(JSON.parse(kept));
  });
});
