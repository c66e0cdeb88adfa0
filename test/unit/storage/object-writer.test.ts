import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STORAGE } from "../../../src/platform/limits.ts";
import { ObjectWriter } from "../../../src/storage/object-writer.ts";

/** A bucket that keeps what it is sent and says how much of it was on its way at once. */
class RecordingBucket {
  whole: Uint8Array | undefined;
  parts: { number: number; bytes: Uint8Array }[] = [];
  completed = false;
  inFlight = 0;
  mostInFlight = 0;
  failAtPart = 0;

  asBucket(): R2Bucket {
    return {
      put: async (_key: string, bytes: Uint8Array) => {
        this.whole = bytes.slice();
      },
      createMultipartUpload: async () => ({
        uploadId: "u1",
        uploadPart: async (number: number, bytes: Uint8Array) => {
          this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
          await Promise.resolve();
          this.inFlight--;
          if (number === this.failAtPart) throw new Error("the storage is out of order");
          this.parts.push({ number, bytes: bytes.slice() });
          return { partNumber: number, etag: String(number) };
        },
        complete: async (parts: { partNumber: number }[]) => {
          expect(parts.map(({ partNumber }) => partNumber)).toEqual(this.parts.map(({ number }) => number));
          this.completed = true;
        },
      }),
    } as unknown as R2Bucket;
  }

  content(): Buffer {
    return Buffer.concat(this.whole ? [this.whole] : this.parts.map(({ bytes }) => bytes));
  }
}

const PART = 1000;

const writeAll = async (bucket: RecordingBucket, chunks: readonly Uint8Array[]) => {
  const started: string[] = [];
  const writer = new ObjectWriter(bucket.asBucket(), "k", {
    partBytes: PART,
    onMultipart: (id) => {
      expect(bucket.parts).toEqual([]);
      started.push(id);
      return Promise.resolve();
    },
  });
  for (const chunk of chunks) await writer.write(chunk);
  const { size } = await writer.finish();
  return { size, started };
};

describe("the object writer", () => {
  it("stores every byte in order, in parts of one size but the last, one at a time", async () => {
    const chunk = fc.uint8Array({ maxLength: 2500 });
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), async (chunks) => {
        const bucket = new RecordingBucket();
        const { size, started } = await writeAll(bucket, chunks);
        const expected = Buffer.concat(chunks);
        expect(size).toBe(expected.length);
        expect(bucket.content().equals(expected)).toBe(true);
        const isLarge = expected.length > PART;
        expect([started.length, bucket.completed]).toEqual([isLarge ? 1 : 0, isLarge]);
        const sizes = bucket.parts.slice(0, -1).map(({ bytes }) => bytes.length);
        expect(sizes.every((length) => length === PART)).toBe(true);
        expect(bucket.mostInFlight).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("tells the failure of a part to whoever writes on or finishes", async () => {
    const bucket = new RecordingBucket();
    bucket.failAtPart = 1;
    await expect(writeAll(bucket, [new Uint8Array(5 * PART)])).rejects.toThrow("out of order");
    expect(bucket.completed).toBe(false);
  });

  it("takes as many parts as the storage does, and no more [limit: STORAGE.parts]", async () => {
    const most = new RecordingBucket();
    const { size } = await writeAll(most, [new Uint8Array(STORAGE.parts * PART)]);
    expect([size, most.parts.length]).toEqual([STORAGE.parts * PART, STORAGE.parts]);
    const tooLong = writeAll(new RecordingBucket(), [new Uint8Array(STORAGE.parts * PART + 1)]);
    await expect(tooLong).rejects.toMatchObject({
      status: 413,
      publicMessage: `an artifact may have at most ${STORAGE.parts * PART} bytes`,
    });
  });

  it("takes nothing more once it has ended", async () => {
    const writer = new ObjectWriter(new RecordingBucket().asBucket(), "k", { onMultipart: async () => {} });
    await writer.write(new Uint8Array(10));
    await writer.settle();
    await expect(writer.write(new Uint8Array(1))).rejects.toThrow("the writer has ended");
  });
});
