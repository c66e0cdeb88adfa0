import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { ChunkSource, readRest, StreamFault } from "../../../src/artifact/bytes.ts";
import { MAX_EXTENDED_HEADER_BYTES, TarReader } from "../../../src/artifact/tar.ts";
import { encodeTarHeader, MAX_USTAR_SIZE } from "../../../src/artifact/tar-header.ts";
import {
  ARCHIVE_END,
  bytes,
  chunked,
  type Entry,
  resummed,
  tar,
  tarEntry,
} from "../../support/artifact-samples.ts";

// Hundreds of runs each, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Found = { name: string; size: number; kind: string; content: string };

async function entries(content: Uint8Array, sizes?: number[]): Promise<Found[]> {
  const reader = new TarReader(new ChunkSource(chunked(content, sizes)));
  const found: Found[] = [];
  for (let entry = await reader.next(); entry !== null; entry = await reader.next()) {
    const text = Buffer.from(await readRest(entry.body, 1_000_000)).toString("latin1");
    found.push({ name: entry.name, size: entry.size, kind: entry.kind, content: text });
  }
  return found;
}

const outcome = (content: Uint8Array, sizes?: number[]): Promise<Found[] | string> =>
  entries(content, sizes).catch((error: unknown) => {
    if (error instanceof StreamFault) return `${error.kind}: ${error.message}`;
    throw error;
  });

const INVALID = "corrupt: archive/tar: invalid tar header";
const CUT = "truncated: unexpected EOF";
const SPARSE = "corrupt: archive/tar: sparse files are not supported";

function patched(offset: number, field: Uint8Array | string): Buffer {
  const archive = tar([{ name: "a", content: "x" }]);
  const header = archive.subarray(0, 512);
  header.set(typeof field === "string" ? bytes(field) : field, offset);
  resummed(header);
  return archive;
}

const base256 = (...low: number[]): Uint8Array => {
  const field = new Uint8Array(12);
  field[0] = 0x80;
  field.set(low, 12 - low.length);
  return field;
};

const pax = (content: string): Entry => ({ name: "pax", typeFlag: "x", content });
const file: Entry = { name: "a", content: "x" };
const found = { name: "a", size: 1, kind: "file", content: "x" };

describe("reading a tar", () => {
  it("joins the prefix of ustar with the name, and not that of GNU", async () => {
    expect(await outcome(patched(345, "some/where"))).toEqual([{ ...found, name: "some/where/a" }]);
    const gnu = patched(345, "some/where");
    gnu.write("ustar  \0", 257);
    resummed(gnu.subarray(0, 512));
    expect(await outcome(gnu)).toEqual([found]);
  });

  it("takes sizes in base 256", async () => {
    expect(await outcome(patched(124, base256(1)))).toEqual([found]);
  });

  it("takes checksums over signed bytes", async () => {
    const archive = patched(0, Uint8Array.of(0xc3, 0xa9));
    const header = archive.subarray(0, 512);
    const signed = header.reduce(
      (sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : (byte << 24) >> 24),
      0,
    );
    header.write(`${signed.toString(8).padStart(6, "0")}\0 `, 148);
    expect(await outcome(archive)).toEqual([{ ...found, name: "é" }]);
  });

  it("gives links, devices and directories no content", async () => {
    const archive = Buffer.concat([
      ..."1234567".split("").map((typeFlag) => tarEntry({ name: typeFlag, typeFlag })),
      tarEntry({ name: "d/" }),
      ARCHIVE_END,
    ]);
    const kinds = (await entries(archive)).map(({ name, kind }) => `${name}: ${kind}`);
    expect(kinds).toEqual([
      "1: other",
      "2: other",
      "3: other",
      "4: other",
      "5: directory",
      "6: other",
      "7: file",
      "d/: directory",
    ]);
    expect(await outcome(patched(156, "2"))).toEqual(INVALID);
  });

  it("applies PAX records to the next entry only", async () => {
    const archive = tar([pax("12 path=abc\n9 size=1\n"), file, file]);
    expect(await outcome(archive)).toEqual([{ ...found, name: "abc" }, found]);
  });

  it("skips long link names and passes global headers on", async () => {
    const archive = tar([
      { name: "k", typeFlag: "K", content: "target" },
      file,
      { name: "g", typeFlag: "g", content: "9 size=1\n" },
    ]);
    expect(await outcome(archive)).toEqual([found, { name: "g", size: 0, kind: "other", content: "" }]);
  });

  it("ends at two zero blocks, or where the bytes end between entries", async () => {
    const whole = tar([file]);
    for (const length of [2048, 1536, 1024, 1000, 513]) {
      expect(await outcome(whole.subarray(0, length))).toEqual([found]);
    }
    expect(await outcome(Buffer.concat([whole, bytes("whatever")]))).toEqual([found]);
    expect(await outcome(bytes(""))).toEqual([]);
  });
});

describe("refusing a tar", () => {
  it.each<[string, Uint8Array, string]>([
    ["a wrong checksum", Buffer.concat([tarEntry(file).fill("z", 0, 1), ARCHIVE_END]), INVALID],
    ["a checksum that is no number", tarEntry(file).fill("z", 148, 150), INVALID],
    ["a size that is no number", patched(124, "zzz"), INVALID],
    ["a mode that is no number", patched(100, "zzz"), INVALID],
    ["a device number that is none", patched(337, "zzz"), INVALID],
    ["a global header that is none", tar([{ ...file, typeFlag: "g" }]), INVALID],
    ["a negative size", patched(124, new Uint8Array(12).fill(0xff)), INVALID],
    ["a size beyond all numbers", patched(124, new Uint8Array(12).fill(0x7f, 1).fill(0x80, 0, 1)), INVALID],
    ["a size beyond the file", patched(124, base256(1, 0, 0, 0, 0, 0)), CUT],
    [
      "one zero block and then another entry",
      Buffer.concat([tarEntry(file), new Uint8Array(512), tarEntry(file)]),
      INVALID,
    ],
    ["a header that is cut", tarEntry(file).subarray(0, 300), CUT],
    ["content that is cut", tarEntry({ name: "a", content: "xyz" }).subarray(0, 514), CUT],
    ["a sparse file", patched(156, "S"), SPARSE],
    ["a sparse file of PAX", tar([pax("22 GNU.sparse.major=1\n"), file]), SPARSE],
    ["records without a length", tar([pax("path=abc\n"), file]), INVALID],
    ["records longer than they are", tar([pax("99 path=abc\n"), file]), INVALID],
    ["records shorter than they are", tar([pax("5 path=abc\n"), file]), INVALID],
    ["records of no length", tar([pax("0 path=abc\n"), file]), INVALID],
    ["records without a key", tar([pax("6 =abc\n"), file]), INVALID],
    ["records without a value", tar([pax("8 path\n\n"), file]), INVALID],
    ["a negative size in a record", tar([pax("11 size=-1\n"), file]), INVALID],
    ["a size beyond all numbers in a record", tar([pax("26 size=9999999999999999\n"), file]), INVALID],
    ["a date that is none", tar([pax("12 mtime=x\n"), file]), INVALID],
    ["a name with a zero byte", tar([pax("12 path=a\0c\n"), file]), INVALID],
    ["records without end", tar([pax("x".repeat(MAX_EXTENDED_HEADER_BYTES + 1)), file]), INVALID],
    [
      "a long name without end",
      tar([{ ...pax("x".repeat(MAX_EXTENDED_HEADER_BYTES + 1)), typeFlag: "L" }, file]),
      INVALID,
    ],
    ["a long name that is cut", tarEntry({ ...pax("x".repeat(600)), typeFlag: "L" }).subarray(0, 700), CUT],
  ])("%s", async (_, archive, text) => {
    expect(await outcome(archive)).toBe(text);
  });
});

describe("writing a tar header", () => {
  it("refuses what ustar has no room for", () => {
    expect(() => encodeTarHeader({ name: "a".repeat(101), size: 0, mode: 0 })).toThrow(RangeError);
    expect(() => encodeTarHeader({ name: "", size: 0, mode: 0 })).toThrow(RangeError);
    expect(() => encodeTarHeader({ name: "a", size: MAX_USTAR_SIZE + 1, mode: 0 })).toThrow(RangeError);
    expect(encodeTarHeader({ name: "a".repeat(100), size: MAX_USTAR_SIZE, mode: 0 })).toHaveLength(512);
  });
});

describe("properties", () => {
  const cuts = fc
    .array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 6 })
    .map((sizes) => [...sizes, 97]);
  const entry = fc.record({
    name: fc.string({ unit: "binary", minLength: 1, maxLength: 25 }).filter((name) => !/[\0/]/.test(name)),
    content: fc.uint8Array({ maxLength: 1200 }),
  });

  it("gives back what was written, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), cuts, async (written, sizes) => {
        expect(await outcome(tar(written), sizes)).toEqual(
          written.map(({ name, content }) => ({
            name,
            size: content.length,
            kind: "file",
            content: Buffer.from(content).toString("latin1"),
          })),
        );
      }),
    );
  });

  it("comes to an end with any bytes, the same for every cut", async () => {
    const archive = tar([
      pax("12 path=abc\n"),
      { name: "a", content: "x".repeat(600) },
      { name: "long", typeFlag: "L", content: "name" },
      file,
    ]);
    const change = fc.tuple(fc.nat(archive.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 5 }),
        fc.nat(archive.length),
        fc.boolean(),
        cuts,
        async (changes, length, isSummed, sizes) => {
          const hostile = Buffer.from(archive);
          for (const [offset, byte] of changes) {
            hostile[offset] = byte;
            const start = offset - (offset % 512);
            if (isSummed) resummed(hostile.subarray(start, start + 512));
          }
          const cut = hostile.subarray(0, length);
          expect(await outcome(cut, sizes)).toEqual(await outcome(cut));
        },
      ),
      { numRuns: 500 },
    );
  });
});
