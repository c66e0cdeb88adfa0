import { describe, expect, it } from "vitest";
import { configurationArtifact, singleFileArtifact } from "../../../src/artifact/images.ts";
import { readArtifact } from "../../../src/artifact/read.ts";
import type { ArtifactSpec } from "../../../src/artifact/spec.ts";
import { ArtifactSpecError, writeArtifact } from "../../../src/artifact/write.ts";
import { bytes, sha256 } from "../../support/artifact-samples.ts";

async function written(spec: ArtifactSpec): Promise<Buffer> {
  const { chunks } = await writeArtifact(spec);
  return Buffer.concat(await Array.fromAsync(chunks()));
}

const file = { name: "app.conf", content: bytes("x=1\n") };
const singleFile = singleFileArtifact({
  name: "app-1.2",
  deviceTypes: ["dt1", "dt2"],
  destination: "/etc/app",
  file,
  software: { filesystem: "data-partition", name: "myapp", version: "1.2" },
});

describe("writing an artifact", () => {
  it("writes the same bytes for the same specification", async () => {
    expect(sha256(await written(singleFile))).toBe(sha256(await written({ ...singleFile })));
    const packed: ArtifactSpec = { ...singleFile, compression: "gzip" };
    expect(sha256(await written(packed))).toBe(sha256(await written({ ...packed })));
  });

  it("announces the size it then has", async () => {
    for (const compression of ["none", "gzip"] as const) {
      const spec: ArtifactSpec = { ...singleFile, compression };
      expect((await written(spec)).length).toBe((await writeArtifact(spec)).size);
    }
  });

  it("writes the configuration sample of the protocol notes in 9216 bytes", async () => {
    const content = await written(configurationArtifact("cfg", "dt1", { b: "1", a: "2" }));
    expect(content.length).toBe(9216);
    expect(content.includes('{"a":"2","b":"1"}')).toBe(true);
    expect(
      content.includes(
        '{"type":"mender-configure","artifact_provides":{"data-partition.mender-configure.version":"cfg"},"clears_artifact_provides":["data-partition.mender-configure.*"]}',
      ),
    ).toBe(true);
  });

  it("streams a file whose size and checksum are known", async () => {
    const content = new Uint8Array(3_000_000).fill(7);
    async function* open() {
      yield content.subarray(0, 1_000_001);
      yield content.subarray(1_000_001);
    }
    const streamed = await writeArtifact({
      name: "big",
      deviceTypes: ["dt1"],
      payloadType: "rootfs-image",
      files: [{ name: "big.img", size: content.length, sha256: sha256(content), open }],
    });
    const result = await readArtifact(streamed.chunks(), { expectedSize: streamed.size });
    expect(result.ok && result.artifact.updates[0]?.files).toEqual([
      { name: "big.img", size: 3_000_000, checksum: sha256(content), date: "1970-01-01T00:00:00Z" },
    ]);
  });

  it("stops when a streamed file is not what it was said to be", async () => {
    const spec = (size: number, checksum: string): ArtifactSpec => ({
      name: "big",
      deviceTypes: ["dt1"],
      payloadType: "script",
      files: [
        {
          name: "a",
          size,
          sha256: checksum,
          open: async function* () {
            yield bytes("abc");
          },
        },
      ],
    });
    await expect(written(spec(2, sha256("abc")))).rejects.toThrow("has more than 2 bytes");
    await expect(written(spec(4, sha256("abc")))).rejects.toThrow("has 3 bytes, not 4");
    await expect(written(spec(3, sha256("abd")))).rejects.toThrow("has another checksum");
  });

  it.each<[string, Partial<ArtifactSpec>]>([
    ["a file name with a blank", { files: [{ name: "a b", content: bytes("") }] }],
    ["a file name no device can take", { files: [{ name: "a".repeat(91), content: bytes("") }] }],
    ["a file twice", { files: [file, file] }],
    ["no device type", { deviceTypes: [] }],
    ["a name with a line end", { name: "a\nb" }],
    ["an empty name", { name: "" }],
    ["a bootstrap artifact with files", { payloadType: null }],
    ["a root file system of two files", { payloadType: "rootfs-image" }],
    ["a script outside the pattern", { scripts: [{ name: "Idle_Enter_00", content: bytes("") }] }],
  ])("refuses %s", async (_, change) => {
    await expect(writeArtifact({ ...singleFile, ...change })).rejects.toThrow(ArtifactSpecError);
  });
});
