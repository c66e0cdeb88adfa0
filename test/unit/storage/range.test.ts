import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cut, sharedLayout, wholeObject, type Segment } from "../../../src/storage/layout.ts";
import { readRange } from "../../../src/storage/range.ts";

describe("a range", () => {
  it("lies within the body or is none, whatever the header says", () => {
    const header = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.constantFrom("", "0", "5", "99", "100", "12345678901234567890"),
          fc.constantFrom("", "0", "7", "99", "100"),
        )
        .map(([first, last]) => `bytes=${first}-${last}`),
    );
    fc.assert(
      fc.property(fc.option(header, { nil: undefined }), fc.integer({ min: 1, max: 200 }), (text, size) => {
        const wanted = readRange(text, size);
        if (wanted.kind !== "part") return;
        const { first, last } = wanted.range;
        expect(0 <= first && first <= last && last < size).toBe(true);
      }),
    );
  });

  it("that a client asks for within the body is given exactly", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.integer({ min: 1, max: 500 }), (a, b, extra) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        expect(readRange(`bytes=${first}-${last}`, last + extra)).toEqual({
          kind: "part",
          range: { first, last },
        });
      }),
    );
  });
});

describe("the layout of an artifact", () => {
  const bytesOf = (segments: readonly Segment[], objects: Record<string, string>) =>
    segments.map(([key, offset, length]) => objects[key]?.slice(offset, offset + length) ?? "").join("");

  it("gives any range of the whole back, also where the payload lies elsewhere", () => {
    const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, text, text, fc.nat(), fc.nat(), (head, payload, tail, before, a, b) => {
        const whole = head + payload + tail;
        const objects = { own: whole, shell: head + tail, other: before + payload + before };
        const own = {
          size: whole.length,
          payload: { sha256: "", offset: head.length, size: payload.length },
        };
        const layouts = [
          wholeObject("own", whole.length),
          sharedLayout("shell", own, { key: "other", offset: before.length }),
        ];
        const [x, y] = [a % whole.length, b % whole.length];
        const [first, last] = [Math.min(x, y), Math.max(x, y)];
        for (const layout of layouts) {
          expect(bytesOf(cut(layout, { first, last }), objects)).toBe(whole.slice(first, last + 1));
        }
      }),
    );
  });
});
