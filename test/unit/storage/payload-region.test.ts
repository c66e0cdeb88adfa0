import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PayloadRegion } from "../../../src/storage/payload-region.ts";
import { artifact, tar } from "../../support/artifact-samples.ts";

const regionOf = (bytes: Uint8Array, sizes: readonly number[] = [65_536]) => {
  const region = new PayloadRegion();
  let offset = 0;
  for (let turn = 0; offset < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    region.update(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return region.payload();
};

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the payload region", () => {
  it.each(["none", "gzip", "zstd"] as const)("is where the payload lies, packed by %s", (dataPacking) => {
    const bytes = artifact({ dataPacking });
    const found = regionOf(bytes);
    const content = bytes.subarray(found!.offset, found!.offset + found!.size);
    expect(found!.sha256).toBe(sha256(content));
    expect(found!.offset % 512).toBe(0);
    const name = bytes.subarray(found!.offset - 512, found!.offset - 500).toString();
    expect(name).toBe("data/0000.ta");
  });

  it("does not depend on how the bytes arrive", () => {
    const bytes = artifact();
    const whole = regionOf(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        expect(regionOf(bytes, sizes)).toEqual(whole);
      }),
    );
  });

  it("is the same for another name around the same payload", () => {
    const other = artifact({
      headerInfo: {
        payloads: [{ type: "single-file" }],
        artifact_provides: { artifact_name: "another" },
        artifact_depends: { device_type: ["x"] },
      },
    });
    expect(regionOf(other)?.sha256).toBe(regionOf(artifact())?.sha256);
  });

  it("is none where there is not exactly one payload, and none of a cut artifact", () => {
    const two = artifact({ payloads: [[{ name: "a", content: "1" }], [{ name: "b", content: "2" }]] });
    expect(regionOf(two)).toBeUndefined();
    expect(regionOf(tar([{ name: "version", content: "x" }]))).toBeUndefined();
    const bytes = artifact({ dataPacking: "none" });
    expect(regionOf(bytes.subarray(0, bytes.length - 2000))).toBeUndefined();
  });

  it("takes any bytes without failing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(3000), (noise, at) => {
        const bytes = new Uint8Array(artifact());
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        regionOf(bytes, [511, 513]);
        regionOf(noise);
      }),
    );
  });
});
