import fc from "fast-check";
import { expect, it } from "vitest";
import { bytes, count, dateText, percent, plain } from "../../../console/src/parts/text.ts";

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

it("a date in UTC is that of UTC, whoever looks", () => {
  expect(dateText(Date.parse("2026-01-31T23:59:59.999Z"), true)).toBe("Jan 31, 2026");
  expect(dateText(Date.parse("2026-02-01T00:00:00.000Z"), true)).toBe("Feb 1, 2026");
  const noon = new Date(2026, 11, 24, 12);
  expect(dateText(noon.getTime(), false)).toBe("Dec 24, 2026");
});
