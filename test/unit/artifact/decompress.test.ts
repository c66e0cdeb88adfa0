import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ChunkSource, readRest, StreamFault } from "../../../src/artifact/bytes.ts";
import { decoder, type Encoding } from "../../../src/artifact/decompress.ts";
import { UnpackBudget, type UnpackLimits } from "../../../src/artifact/unpack-budget.ts";
import { chunked } from "../../support/artifact-samples.ts";
import { XZ_FILES, XZ_REFUSED, ZSTD_LONG_WINDOW, ZSTD_TEXT } from "./tool-samples.ts";

// Hundreds of runs each, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const TEXT = Array.from({ length: 400 }, (_, index) => `line ${index} ${(index * index) % 977}\n`).join("");

function noise(): Buffer {
  let block = Buffer.from("noise");
  const blocks = Array.from({ length: 40 }, () => {
    block = createHash("sha256").update(block).digest();
    return block;
  });
  return Buffer.concat(blocks);
}

const LIMITS: UnpackLimits = { allowanceBytes: 10_000_000, ratio: 1 };

/** The content, or the kind of fault and its text. */
async function unpack(
  encoding: Encoding,
  packed: Uint8Array,
  sizes?: number[],
  limits = LIMITS,
): Promise<Buffer | string> {
  const source = decoder(encoding, new ChunkSource(chunked(packed, sizes)), new UnpackBudget(limits));
  try {
    return Buffer.from(await readRest(source, 100_000_000));
  } catch (error) {
    if (error instanceof StreamFault) return `${error.kind}: ${error.message}`;
    throw error;
  } finally {
    await source.close();
  }
}

describe("xz", () => {
  const contents: Record<string, Buffer> = {
    text: Buffer.from(TEXT),
    noise: noise(),
    texttext: Buffer.from(TEXT + TEXT),
    "": Buffer.alloc(0),
  };

  it.each(XZ_FILES)("unpacks %s", async (_, content, packed) => {
    const bytes = Buffer.from(packed, "base64");
    expect(await unpack("xz", bytes)).toEqual(contents[content]);
    expect(await unpack("xz", bytes, [1])).toEqual(contents[content]);
  });

  it.each(XZ_REFUSED)("refuses %s [differs: xz-zstd-subsets]", async (_, packed) => {
    expect(await unpack("xz", Buffer.from(packed, "base64"))).toMatch(
      /^(corrupt: unsupported xz filters|limit: xz dictionary of more than 67108864 bytes)$/,
    );
  });

  // Between two streams a file may end as well.
  it.each(XZ_FILES.slice(0, -1))("tells where %s was cut", async (_, __, packed) => {
    const bytes = Buffer.from(packed, "base64");
    for (let length = 1; length < bytes.length; length += 7) {
      expect(await unpack("xz", bytes.subarray(0, length))).toBe("truncated: unexpected EOF");
    }
  });

  it("notices every changed bit, for everything is under a check", async () => {
    const whole = Buffer.from(XZ_FILES[0]![2], "base64");
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(whole);
        changed[bit >>> 3]! ^= 1 << (bit & 7);
        expect(await unpack("xz", changed)).toMatch(/^(corrupt|truncated|limit): /);
      }),
      { numRuns: 400 },
    );
  });
});

describe("zstd", () => {
  it("unpacks what the command line packs", async () => {
    expect(await unpack("zstd", Buffer.from(ZSTD_TEXT, "base64"), [7])).toEqual(Buffer.from(TEXT));
  });

  it("refuses a window that does not fit into an isolate", async () => {
    expect(await unpack("zstd", Buffer.from(ZSTD_LONG_WINDOW, "base64"))).toBe(
      "limit: zstd window of more than 67108864 bytes",
    );
  });
});

describe("gzip", () => {
  it("unpacks all members of a file", async () => {
    const two = Buffer.concat([gzipSync("one "), gzipSync("two")]);
    expect(await unpack("gzip", two)).toEqual(Buffer.from("one two"));
    expect(await unpack("gzip", two, [1])).toEqual(Buffer.from("one two"));
  });
});

describe.each([
  ["gzip", (content: Uint8Array) => gzipSync(content)],
  ["zstd", (content: Uint8Array) => zstdCompressSync(content)],
] as const)("%s", (encoding, pack) => {
  it("tells that the file was cut", async () => {
    const packed = pack(Buffer.from(TEXT));
    for (let length = 1; length < packed.length; length += 11) {
      expect(await unpack(encoding, packed.subarray(0, length))).toBe("truncated: unexpected EOF");
    }
  });

  it("tells that the file is something else", async () => {
    expect(await unpack(encoding, Buffer.from(TEXT))).toBe("corrupt: invalid compressed data");
  });

  it("passes on no more than the allowance", async () => {
    const bomb = pack(Buffer.alloc(20_000_000));
    expect(await unpack(encoding, bomb)).toBe(
      "limit: unpacked content is too large: more than 10000000 bytes and 1 times the packed size",
    );
    expect(await unpack(encoding, bomb, undefined, { ...LIMITS, ratio: 20_000 })).toHaveLength(20_000_000);
  });
});
