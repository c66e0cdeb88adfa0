import { expect, it } from "vitest";
import { drawn, runsOf, summary, type Hours } from "../../../console/src/pages/home/hours.ts";

const HOURS: Hours = [null, null, 3, 0, null, 6];

it("draws what is known as steps, of which none is a line at the foot, and nothing where nothing is known", () => {
  expect(drawn(HOURS)).toEqual({
    steps: "M2 40V20H3V40H4V40ZM5 40V0H6V40Z",
    under: "M2 40H4M5 40H6",
    gaps: "M0 40H2M4 40H5",
  });
  expect(drawn([null, null])).toEqual({ steps: "", under: "", gaps: "M0 40H2" });
  expect(drawn([0, 0]).steps).toBe("M0 40V40H1V40H2V40Z");
});

it("is small, whatever is known", () => {
  const { steps, under, gaps } = drawn(Array.from({ length: 168 }, (_, i) => (i % 7 === 0 ? null : i * 997)));
  expect((steps + under + gaps).length).toBeLessThan(2000);
});

it("says in words what is known, of how many hours, and of how many nothing", () => {
  expect(summary(HOURS)).toBe(
    "6 devices in this hour so far, between 0 and 3 in 2 hours before it, nothing is known of 3 hours",
  );
  expect(summary([1, 2, null])).toBe("between 1 and 2 in 2 hours before it");
  expect(summary([null, 1])).toBe("1 device in this hour so far, nothing is known of 1 hour");
});

it("tells apart runs of hours that are known and not", () => {
  expect(runsOf(HOURS)).toEqual([
    { isKnown: false, from: 0, to: 2 },
    { isKnown: true, from: 2, to: 4 },
    { isKnown: false, from: 4, to: 5 },
    { isKnown: true, from: 5, to: 6 },
  ]);
});
