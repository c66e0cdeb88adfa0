import { expect, it } from "vitest";
import { writeGeneratedArtifact } from "../../src/releases/generate-job.ts";
import { PART_BYTES } from "../../src/storage/object-writer.ts";
import { aUser } from "../support/actors.ts";
import { ARTIFACTS, formOf, idOf, noise } from "../support/artifacts.ts";
import { Server } from "../support/server.ts";
import { DEFAULT_TENANT } from "../../src/platform/ids.ts";

const MIB = 1024 * 1024;

/** A bucket that knows how much was read from it that was not yet written to it again. */
class BytesBetween {
  held = 0;
  most = 0;
  read = 0;
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  asBucket(): R2Bucket {
    const bucket = this.#bucket;
    return {
      get: async (key: string, options?: R2GetOptions) => {
        const object = await bucket.get(key, options);
        return object && { body: this.#counted(object.body) };
      },
      delete: (key: string) => bucket.delete(key),
      createMultipartUpload: async (key: string, options?: R2MultipartOptions) => {
        const upload = await bucket.createMultipartUpload(key, options);
        return {
          uploadId: upload.uploadId,
          complete: (parts: R2UploadedPart[]) => upload.complete(parts),
          uploadPart: async (number: number, bytes: Uint8Array) => {
            await this.#untilNothingIsRead();
            const part = await upload.uploadPart(number, bytes);
            this.held -= bytes.length;
            return part;
          },
        };
      },
    } as unknown as R2Bucket;
  }

  /** The slowest storage there can be: whatever can be read before it takes a part was read. */
  async #untilNothingIsRead(): Promise<void> {
    for (let before = -1; before !== this.read;) {
      before = this.read;
      await scheduler.wait(10);
    }
  }

  #counted(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        this.read += value.length;
        this.held += value.length;
        this.most = Math.max(this.most, this.held);
        controller.enqueue(value);
      },
    });
  }
}

it("holds two parts of an artifact at once, however large the file is that it is generated from", async () => {
  const server = await Server.start();
  const { token } = await aUser(server);
  const file = noise(5 * PART_BYTES);
  const form = formOf([
    ["name", "large-1"],
    ["device_types_compatible", "dt1"],
    ["type", "single_file"],
    ["args", JSON.stringify({ filename: "large.bin", dest_dir: "/opt" })],
    ["file", file],
  ]);
  const id = idOf(await server.call("POST", `${ARTIFACTS}/generate`, { token, body: form }));
  const deps = await server.deps();
  const between = new BytesBetween(deps.bucket);

  await writeGeneratedArtifact({ ...deps, bucket: between.asBucket() }, DEFAULT_TENANT, id);

  expect(between.read).toBe(file.length);
  expect(between.most).toBeGreaterThanOrEqual(PART_BYTES);
  expect(between.most).toBeLessThan(2 * PART_BYTES + MIB);
  expect((await server.call("GET", `${ARTIFACTS}/${id}`, { token })).json()).toMatchObject({
    name: "large-1",
  });
});
