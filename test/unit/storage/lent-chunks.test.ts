import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { readArtifact } from "../../../src/artifact/read.ts";
import { readMultipart } from "../../../src/storage/multipart.ts";
import { artifact } from "../../support/artifact-samples.ts";

/** A request body that arrives in pieces of these sizes. */
function bodyOf(bytes: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> {
  let [offset, turn] = [0, 0];
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const size = sizes[turn++ % sizes.length] ?? bytes.length;
      if (offset < bytes.length) controller.enqueue(new Uint8Array(bytes.subarray(offset, offset + size)));
      offset += size;
      if (offset >= bytes.length) {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
}

// Each run reads 3,000 files, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe("an artifact in a form read into one buffer", () => {
  const files = Array.from({ length: 3000 }, (_, i) => ({ name: `file-${i}`, content: `${i}` }));
  const form = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="artifact"; filename="a"\r\n\r\n'),
    artifact({ files }),
    Buffer.from("\r\n--b--\r\n"),
  ]);

  it("is understood however its bytes arrive, though its manifest takes many pieces", async () => {
    const sizes = fc.array(fc.integer({ min: 500, max: 70_000 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sizes, async (pieces) => {
        for await (const part of readMultipart(bodyOf(form, pieces), "b", { lend: true })) {
          const read = await readArtifact(part.body);
          expect(read).toMatchObject({ ok: true, artifact: { updates: [{ files: { length: 3000 } }] } });
        }
      }),
      { numRuns: 8 },
    );
  });
});
