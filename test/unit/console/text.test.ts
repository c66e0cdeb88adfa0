import fc from "fast-check";
import { expect, it } from "vitest";
import { bytes, count, percent, plain } from "../../../console/src/parts/text.ts";

it("numbers are written as the browser would write them", () => {
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  fc.assert(
    fc.property(fc.integer(), (number) => {
      expect(count(number)).toBe(whole.format(number));
    }),
  );
  expect([bytes(0), bytes(999), bytes(1234), bytes(5_000_000), bytes(123_456_789_012_345)]).toEqual([
    "0 B",
    "999 B",
    "1.2 kB",
    "5 MB",
    "123.5 TB",
  ]);
  expect([percent(0), percent(0.125), percent(1), percent(12.3456)]).toEqual([
    "0 %",
    "12.5 %",
    "100 %",
    "1,234.6 %",
  ]);
});

it("what a device sent is shown with nothing in it that changes how the rest is read", () => {
  expect(plain("a\u202Eb\u0000\u0007\u200D\n\tc")).toBe("a\\u202eb\\u0000\\u0007\\u200d\n\tc");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(plain(text)).not.toMatch(/(?![\n\r\t])[\p{Cc}\p{Cf}]/u);
    }),
  );
});
