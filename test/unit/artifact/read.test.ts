import { describe, expect, it } from "vitest";
import { readArtifact } from "../../../src/artifact/read.ts";
import { artifact, FILES, HEADER_INFO, read, sha256, TYPE_INFO } from "../../support/artifact-samples.ts";

describe("what an artifact tells", () => {
  it("tells everything the server stores of the single-file sample", async () => {
    const content = artifact();
    const result = await read(content);
    expect(result).toMatchObject({
      ok: true,
      artifact: {
        format: "mender",
        version: 3,
        signed: false,
        name: "file-1",
        deviceTypes: ["qemux86-64", "raspberrypi4"],
        provides: { artifact_name: "file-1", "rootfs-image.single-file.version": "file-1" },
        depends: { device_type: ["qemux86-64", "raspberrypi4"] },
        clearsProvides: ["rootfs-image.single-file.*"],
        size: content.length,
        signature: null,
        updates: [
          {
            type: "single-file",
            metaData: null,
            files: FILES.map(({ name, content: text = "" }) => ({
              name,
              size: text.length,
              checksum: sha256(text),
              date: "1970-01-01T00:00:00Z",
            })),
          },
        ],
      },
    });
  });

  it("counts the bytes behind the archive as part of the file", async () => {
    const content = Buffer.concat([artifact(), Buffer.from("trailing garbage")]);
    const result = await read(content);
    expect(result.ok && result.artifact.size).toBe(content.length);
  });

  it("tells groups and names depended on as plain keys", async () => {
    const result = await read(
      artifact({
        headerInfo: {
          ...HEADER_INFO,
          artifact_provides: { artifact_name: "release-2", artifact_group: "grp-a" },
          artifact_depends: { artifact_name: ["release-1"], device_type: ["dt1"], artifact_group: ["grp-b"] },
        },
        typeInfo: {
          ...TYPE_INFO,
          artifact_depends: { "rootfs-image.version": "release-1", any: ["a", "b"] },
        },
      }),
    );
    expect(result).toMatchObject({
      ok: true,
      artifact: {
        provides: { artifact_name: "release-2", artifact_group: "grp-a" },
        depends: {
          artifact_name: ["release-1"],
          device_type: ["dt1"],
          artifact_group: ["grp-b"],
          "rootfs-image.version": "release-1",
          any: ["a", "b"],
        },
      },
    });
  });

  it("lets an error of the source through", async () => {
    const content = artifact();
    async function* broken() {
      yield content.subarray(0, 3000);
      throw new Error("connection lost");
    }
    await expect(readArtifact(broken())).rejects.toThrow("connection lost");
  });
});
