import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QUEUE } from "../../../src/platform/limits.ts";
import { batchesOf, fitsQueue, messageBytes } from "../../../src/platform/queue-batches.ts";

/** A text whose message has exactly so many bytes: two quotes and what the platform adds come on top. */
const ofBytes = (bytes: number) => "x".repeat(bytes - QUEUE.overheadBytes - 2);
const same = (body: unknown) => body;

describe("messages of the queue", () => {
  it("are counted in bytes of what is sent, with what the platform adds [limit: QUEUE.overheadBytes]", () => {
    expect(messageBytes("ä\n")).toBe('"ä\\n"'.length + 1 + QUEUE.overheadBytes);
    expect(messageBytes(ofBytes(1000))).toBe(1000);
  });

  it("fit up to the last byte [limit: QUEUE.messageBytes]", () => {
    expect(fitsQueue(ofBytes(QUEUE.messageBytes))).toBe(true);
    expect(fitsQueue(ofBytes(QUEUE.messageBytes + 1))).toBe(false);
  });

  it("fill a batch up to its last byte and its last message [limit: QUEUE.batchBytes] [limit: QUEUE.batchMessages]", () => {
    const half = ofBytes(QUEUE.batchBytes / 2);
    const sizes = (bodies: string[]) => batchesOf(bodies, same).map((batch) => batch.length);
    expect(sizes([half, half])).toEqual([2]);
    const [most, least] = [ofBytes(QUEUE.batchBytes / 2 - 199), 199];
    expect(sizes([half, most, ofBytes(least)])).toEqual([3]);
    expect(sizes([half, most, ofBytes(least + 1)])).toEqual([2, 1]);
    expect(sizes(Array.from({ length: QUEUE.batchMessages }, () => "a"))).toEqual([QUEUE.batchMessages]);
    expect(sizes(Array.from({ length: QUEUE.batchMessages + 1 }, () => "a"))).toEqual([
      QUEUE.batchMessages,
      1,
    ]);
  });

  it("that fit nowhere are alone", () => {
    const large = ofBytes(QUEUE.messageBytes + 1);
    expect(batchesOf(["a", large, "b"], same).map((batch) => batch.length)).toEqual([1, 1, 1]);
  });

  it("keep their order, and no batch is too large", () => {
    const bodies = fc.array(fc.integer({ min: 110, max: QUEUE.messageBytes + 100 }).map(ofBytes), {
      maxLength: 250,
    });
    fc.assert(
      fc.property(bodies, (all) => {
        const batches = batchesOf(all, same);
        expect(batches.flat()).toEqual(all);
        for (const batch of batches) {
          const bytes = batch.reduce((sum, body) => sum + messageBytes(body), 0);
          expect(batch.length === 1 || bytes <= QUEUE.batchBytes).toBe(true);
          expect(batch.length).toBeLessThanOrEqual(QUEUE.batchMessages);
        }
      }),
      { numRuns: 30 },
    );
  });
});
