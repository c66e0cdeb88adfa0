import { writeArtifact } from "../artifact/write.ts";

/** An artifact with one small file. */
export async function demoArtifact(name: string, deviceTypes: string[]): Promise<Blob> {
  const artifact = await writeArtifact({
    name,
    deviceTypes,
    payloadType: "single-file",
    files: [{ name: "greeting.txt", content: Buffer.from(`This is ${name}.\n`) }],
    provides: { "rootfs-image.single-file.version": name },
    clearsProvides: ["rootfs-image.single-file.*"],
    compression: "gzip",
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifact.chunks()) chunks.push(chunk);
  return new Blob([Buffer.concat(chunks)]);
}
