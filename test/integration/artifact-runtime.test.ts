import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { singleFileArtifact } from "../../src/artifact/images.ts";
import { readArtifact } from "../../src/artifact/read.ts";
import { verifySignature } from "../../src/artifact/verify.ts";
import { writeArtifact } from "../../src/artifact/write.ts";
import { streamChunks } from "../../src/storage/chunks.ts";
import { MultipartFault, multipartBoundary, readMultipart } from "../../src/storage/multipart.ts";
import {
  artifact,
  bytes,
  chunked,
  type Entry,
  FILES,
  pack,
  sha256,
  tar,
  verdict,
} from "../support/artifact-samples.ts";
import { PUBLIC_KEYS, TOOL_ARTIFACTS, ZSTD_LONG_WINDOW } from "../unit/artifact/tool-samples.ts";

const toolArtifact = (name: keyof typeof TOOL_ARTIFACTS): Uint8Array =>
  gunzipSync(Buffer.from(TOOL_ARTIFACTS[name], "base64"));

const CHECKSUMS = FILES.map(({ name, content = "" }) => ({ name, checksum: sha256(content) }));

describe("the artifact library in the Workers runtime", () => {
  it.each(["single-file", "uncompressed", "xz"] as const)("reads the tool's %s sample", async (name) => {
    const result = await readArtifact(chunked(toolArtifact(name), [1000]));
    expect(result).toMatchObject({ ok: true, artifact: { name: "file-1", updates: [{ files: CHECKSUMS }] } });
  });

  it("reads zstd", async () => {
    expect(await verdict(artifact({ headerPacking: "zstd", dataPacking: "zstd" }))).toBe("accepted");
  });

  it("refuses zstd of several frames [differs: xz-zstd-subsets]", async () => {
    const [name, data] = ["data/0000.tar.zst", tar(FILES)];
    const content = Buffer.concat(
      [data.subarray(0, 1024), data.subarray(1024)].map((part) => pack(part, "zstd")),
    );
    const outer = (all: Entry[]) => all.map((entry) => (entry.name === name ? { name, content } : entry));
    expect(await verdict(artifact({ dataPacking: "zstd", outer }))).toBe(
      "reading artifact error: Files found in manifest(s), that were not part of artifact: data/0000/filename, data/0000/permissions, data/0000/hello.txt",
    );
  });

  it("names the largest window of zstd [differs: unpack-window]", async () => {
    const data = Buffer.from(ZSTD_LONG_WINDOW, "base64");
    const name = "data/0000.tar.zst";
    const outer = (all: Entry[]) =>
      all.map((entry) => (entry.name === name ? { name, content: data } : entry));
    expect(await verdict(artifact({ dataPacking: "zstd", outer }))).toBe(
      "reading artifact error: Payload: error reading Artifact file header: zstd window of more than 67108864 bytes",
    );
  });

  it("verifies signatures of both kinds", async () => {
    for (const kind of ["rsa", "ecdsa"] as const) {
      const result = await readArtifact(chunked(toolArtifact(kind)));
      if (!result.ok) throw new Error(result.fault.message);
      expect(verifySignature(result.artifact, PUBLIC_KEYS[kind])).toEqual({ ok: true, algorithm: kind });
      for (const change of [{ manifest: "changed" }, { signature: "AAAA" }, { signature: "AAAAA===" }]) {
        expect(verifySignature({ ...result.artifact, ...change }, PUBLIC_KEYS[kind]).ok).toBe(false);
      }
    }
  });

  it.each(["gzip", "zstd"] as const)(
    "stops a %s bomb and a cut file with the texts it has in Node",
    async (dataPacking) => {
      const bomb = artifact({ files: [{ name: "zeros", content: new Uint8Array(20_000_000) }], dataPacking });
      const unpackLimits = { allowanceBytes: 1_000_000, ratio: 100 };
      expect(await verdict(bomb, { unpackLimits })).toBe(
        "reading artifact error: Payload: can not install Payload: zeros: unpacked content is too large: more than 1000000 bytes and 100 times the packed size",
      );
      const whole = artifact({ dataPacking });
      expect(await verdict(whole.subarray(0, whole.length - 1024 - 400))).toBe(
        "reading artifact error: Payload: error reading Artifact file header: unexpected EOF",
      );
    },
  );

  it("writes what it reads, packed and plain", async () => {
    for (const compression of ["none", "gzip"] as const) {
      const image = singleFileArtifact({
        name: "app-1",
        deviceTypes: ["dt1"],
        destination: "/etc",
        file: { name: "app.conf", content: bytes("x=1\n") },
      });
      const { size, chunks } = await writeArtifact({ ...image, compression });
      const result = await readArtifact(chunks(), { expectedSize: size });
      expect(result).toMatchObject({ ok: true, artifact: { name: "app-1", size } });
    }
  });
});

describe("a form in the Workers runtime", () => {
  const FIXED = new Uint8Array(1_000_000).map((_, index) => index % 253);
  const asRequest = (form: FormData): Request =>
    new Request("http://localhost/", { method: "POST", body: form });

  it("is read from a request as the runtime itself writes it", async () => {
    const form = new FormData();
    form.append("size", String(FIXED.length));
    form.append("artifact", new File([FIXED], "a b.mender", { type: "application/octet-stream" }));
    const request = asRequest(form);
    const boundary = multipartBoundary(request.headers.get("content-type"));
    const parts: object[] = [];
    for await (const { body, ...header } of readMultipart(request.body!, boundary!)) {
      const hash = createHash("sha256");
      for await (const chunk of body) hash.update(chunk);
      parts.push({ ...header, digest: hash.digest("hex") });
    }
    expect(parts).toMatchObject([
      { name: "size", digest: sha256(String(FIXED.length)) },
      {
        name: "artifact",
        filename: "a b.mender",
        contentType: "application/octet-stream",
        digest: sha256(FIXED),
      },
    ]);
  });

  it("is found truncated", async () => {
    const request = new Request("http://localhost/", { method: "POST", body: "--b\r\n\r\nx" });
    const read = async () => {
      for await (const part of readMultipart(request.body!, "b")) for await (const _ of part.body);
    };
    await expect(read()).rejects.toThrow(MultipartFault);
  });

  it("is read in chunks larger than the runtime's own", async () => {
    const sizes: number[] = [];
    const { body } = new Response(FIXED);
    for await (const chunk of streamChunks(body!)) sizes.push(chunk.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(FIXED.length);
    expect(Math.max(...sizes)).toBeGreaterThan(4096);
  });
});
