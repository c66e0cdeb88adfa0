import { describe, expect, it } from "vitest";
import { readHead } from "../../../console/src/pages/releases/artifact-head.ts";
import { writeArtifact } from "../../../src/artifact/write.ts";

async function anArtifact(compression: "none" | "gzip"): Promise<Blob> {
  const artifact = await writeArtifact({
    name: "release-1",
    deviceTypes: ["rpi4", "qemu"],
    payloadType: "single-file",
    files: [{ name: "greeting.txt", content: Buffer.from("hello") }],
    compression,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.chunks()) chunks.push(chunk);
  return new Blob([Buffer.concat(chunks)]);
}

describe("what a file will become, before it is sent", () => {
  it.each(["none", "gzip"] as const)("is read from an artifact's head: %s", async (compression) => {
    expect(await readHead(await anArtifact(compression))).toEqual({
      name: "release-1",
      deviceTypes: ["rpi4", "qemu"],
      payloadTypes: ["single-file"],
      isSigned: false,
    });
  });

  it("is left to the server where the head is cut or broken", async () => {
    const whole = await anArtifact("gzip");
    expect(await readHead(whole.slice(0, 2500))).toBe("unknown");
    const bytes = new Uint8Array(await whole.arrayBuffer());
    expect(await readHead(new Blob([bytes.fill(7, 2048, 3072)]))).toBe("unknown");
  });

  it.each(["", "#!/bin/sh\n", "\0".repeat(4096)])("is no artifact: %j", async (text) => {
    expect(await readHead(new Blob([text]))).toBeUndefined();
  });
});
