import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { ChunkSource } from "../../../src/artifact/bytes.ts";
import { decoder, type Encoding } from "../../../src/artifact/decompress.ts";
import { UnpackBudget } from "../../../src/artifact/unpack-budget.ts";
import { artifact, HEADER_INFO, type Parts, pack, tar, verdict } from "../../support/artifact-samples.ts";
import { XZ_MEBIBYTE_OF_ZEROS } from "../../support/bombs.ts";

vi.setConfig({ testTimeout: 30_000 });

const XZ_NOTHING = Buffer.from("/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo=", "base64");
const NO_LIMITS = { allowanceBytes: Number.MAX_SAFE_INTEGER, ratio: 1 };

/** Counts the turns of the event loop while `work` runs: each is a turn that others get. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    if (isOver) return;
    turns++;
    setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

/** Everything is at hand at once, so that no waiting for input gives others a turn. */
async function* atOnce(content: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield content;
}

async function unpacked(encoding: Encoding, packed: Uint8Array): Promise<number> {
  const source = decoder(encoding, new ChunkSource(atOnce(packed)), new UnpackBudget(NO_LIMITS));
  let length = 0;
  while (await source.fill()) length += source.take(Number.MAX_SAFE_INTEGER).length;
  return length;
}

const MEBIBYTE = 1024 * 1024;
const repeated = (content: Uint8Array, times: number) =>
  Buffer.concat(Array.from({ length: times }, () => content));

describe("a decoder", () => {
  it.each([
    ["gzip", gzipSync(Buffer.alloc(32 * MEBIBYTE)), 32 * MEBIBYTE, 60],
    ["zstd", zstdCompressSync(Buffer.alloc(32 * MEBIBYTE)), 32 * MEBIBYTE, 60],
    ["xz", repeated(XZ_MEBIBYTE_OF_ZEROS, 32), 32 * MEBIBYTE, 60],
    // Whatever comes out, others wait no longer for an input that is slow to read.
    ["xz", repeated(XZ_NOTHING, 2_000), 0, 10],
    ["gzip", repeated(gzipSync(""), 20_000), 0, 2],
  ] as const)(
    "of %s lets others have their turn while it unpacks",
    async (encoding, packed, length, turns) => {
      let unpackedBytes = -1;
      const taken = await turnsDuring(async () => {
        unpackedBytes = await unpacked(encoding, packed);
      });
      expect(unpackedBytes).toBe(length);
      expect(taken).toBeGreaterThanOrEqual(turns);
    },
  );
});

describe("an artifact", () => {
  const withData = (data: Uint8Array): Parts => ({
    files: [{ name: "f", content: "" }],
    outer: (all) =>
      all.map((entry) => (entry.name === "data/0000.tar.gz" ? { ...entry, content: data } : entry)),
  });

  it("of many small files is read in many turns", async () => {
    const data = pack(tar(Array.from({ length: 4_000 }, () => ({ name: "f" }))), "gzip");
    const taken = await turnsDuring(async () => {
      expect(await verdict(artifact(withData(data)))).toBe("accepted");
    });
    expect(taken).toBeGreaterThanOrEqual(15);
  });

  it("is not unpacked beyond a hundredfold, payloads together [differs: unpacked-size]", async () => {
    const zeros = Buffer.alloc(40 * MEBIBYTE);
    const noise = randomBytes(MEBIBYTE);
    const payloads = (count: number, ballast: Uint8Array) => {
      const numbers = Array.from({ length: count }, (_, index) => index);
      const info = { ...HEADER_INFO, payloads: numbers.map(() => ({ type: "single-file" })) };
      const typeInfo = JSON.stringify({ type: "single-file" });
      return artifact({
        headerEntries: [
          { name: "header-info", content: JSON.stringify(info) },
          ...numbers.map((index) => ({ name: `headers/000${index}/type-info`, content: typeInfo })),
        ],
        payloads: numbers.map((index) => [
          { name: "noise", content: index === 0 ? ballast : "" },
          { name: "zeros", content: zeros },
        ]),
      });
    };
    expect(await verdict(payloads(1, new Uint8Array()))).toBe("accepted");
    expect(await verdict(payloads(2, new Uint8Array()))).toMatch(
      /zeros: unpacked content is too large: more than 67108864 bytes and 100 times the packed size$/,
    );
    expect(await verdict(payloads(2, noise))).toBe("accepted");
  });

  it("with more values in its header than could be held is refused before they are parsed", async () => {
    const metaData = (values: number) => `{"list":[${"{},".repeat(values)}1]}`;
    expect(await verdict(artifact({ metaData: metaData(10_000) }))).toBe("accepted");
    expect(await verdict(artifact({ metaData: metaData(15_000) }))).toBe(
      "reading artifact error: more than 25000 values in one file of the header",
    );
  });
});
