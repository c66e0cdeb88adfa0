import fc from "fast-check";
import { expect, it } from "vitest";
import { startOfPage } from "../../../src/platform/deep-page.ts";

it("finds the beginning of any page in steps of so many rows", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(60),
      fc.nat(80),
      fc.integer({ min: 1, max: 9 }),
      async (length, offset, atOnce) => {
        const step = async (after: number | undefined, rows: number) => {
          expect(rows).toBeLessThanOrEqual(atOnce);
          const place = (after ?? -1) + rows;
          return place < length ? place : undefined;
        };
        const start = await startOfPage(offset, step, atOnce);
        if (!start) {
          expect(offset).toBeGreaterThan(length);
          return;
        }
        expect((start.after ?? -1) + 1 + start.offset).toBe(offset);
        expect(start.offset).toBeLessThanOrEqual(atOnce);
      },
    ),
  );
});
