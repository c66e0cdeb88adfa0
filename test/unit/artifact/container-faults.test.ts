import { describe, expect, it } from "vitest";
import {
  artifact,
  bytes,
  type Entry,
  FILES,
  HEADER_INFO,
  manifestLine,
  type Parts,
  read,
  sha256,
  tar,
  verdict,
  VERSION,
} from "../../support/artifact-samples.ts";

const PREFIX = "reading artifact error: ";
const without = (name: string) => (entries: Entry[]) => entries.filter((entry) => entry.name !== name);
const renamed = (from: string, to: string) => (entries: Entry[]) =>
  entries.map((entry) => (entry.name === from ? { ...entry, name: to } : entry));

/** The sample as a whole packed nothing: 31 + manifest + 3072 + 5120 bytes, 12288 in all. */
const PLAIN: Parts = { headerPacking: "none", dataPacking: "none" };

/** Checksum and length behind the packed content. */
const GZIP_TRAILER = 8;

describe("checksums", () => {
  const flipped = (line: string) => (line.startsWith("0") ? `1${line.slice(1)}` : `0${line.slice(1)}`);
  it.each([
    ["a payload file", "data/0000/dest_dir", sha256("/opt/app\n")],
    ["the version", "version", sha256(VERSION)],
  ])("tells a wrong one of %s with what was found", async (_, path, actual) => {
    const manifest = (lines: string[]) => lines.map((line) => (line.endsWith(path) ? flipped(line) : line));
    expect(await verdict(artifact({ manifest }))).toBe(
      `invalid checksum; expected: [${flipped(actual)}]; actual: [${actual}]`,
    );
  });

  it("tells a wrong one of the header before what else is wrong in it [differs: first-fault]", async () => {
    const broken = artifact({
      headerEntries: [{ name: "nonsense" }],
      manifest: (lines) => lines.map((line) => (line.includes("header") ? flipped(line) : line)),
    });
    expect(await verdict(broken)).toMatch(
      /^invalid checksum; expected: \[[0-9a-f]{64}\]; actual: \[[0-9a-f]{64}\]$/,
    );
  });

  it("does not take upper-case digits for lower-case ones", async () => {
    const manifest = (lines: string[]) =>
      lines.map((line) =>
        line.endsWith("hello.txt")
          ? line.toUpperCase().replace("DATA/0000/HELLO.TXT", "data/0000/hello.txt")
          : line,
      );
    expect(await verdict(artifact({ manifest }))).toBe(
      `invalid checksum; expected: [${sha256("hello\n").toUpperCase()}]; actual: [${sha256("hello\n")}]`,
    );
  });
});

describe("the version", () => {
  it.each([
    [{ version: '{"format":"mender","version":4}' }, "unsupported version: 4; supported versions are: 1, 2"],
    [{ version: '{"format":"mender"}' }, "unsupported version: 0; supported versions are: 1, 2"],
    [{ version: "" }, "unsupported version: 0; supported versions are: 1, 2"],
    [
      { version: '{"format":"mender","version":1}' },
      `${PREFIX}reader: Mender-Artifact version 1 is no longer supported`,
    ],
    [
      { version: '{"format":"mender","version":3,"x":1}' },
      `${PREFIX}reader: can not read version file: json: unknown field "x"`,
    ],
    [{ version: "nonsense" }, `${PREFIX}reader: can not read version file: invalid JSON`],
    [{ version: '"x"' }, `${PREFIX}reader: can not read version file: not a JSON object`],
    [
      { version: '{"version":"3"}' },
      `${PREFIX}reader: can not read version file: json: version is not an integer`,
    ],
    [
      { version: '{"version":3,"format":1}' },
      `${PREFIX}reader: can not read version file: json: format is not a string`,
    ],
  ])("%j is refused", async (parts, text) => {
    expect(await verdict(artifact(parts))).toBe(text);
  });

  it("may name another format, which only devices refuse", async () => {
    expect(await verdict(artifact({ version: '{"format":"other","version":3}' }))).toBe("accepted");
  });
});

describe("the container", () => {
  it("finds an empty file", async () => {
    expect(await verdict(bytes(""))).toBe(
      `${PREFIX}reader: can not read version file: readNext: Failed to get next header: EOF`,
    );
  });

  it("finds a file that is no tar", async () => {
    expect(await verdict(bytes("no tar at all, ".repeat(100)))).toBe(
      `${PREFIX}reader: can not read version file: readNext: Failed to get next header: reader: error reading archive: archive/tar: invalid tar header`,
    );
  });

  it.each<[string, Parts, string]>([
    ["no version", { outer: without("version") }, "reader: can not read version file: invalid argument"],
    [
      "names that start with ./",
      { outer: (entries) => entries.map((entry) => ({ ...entry, name: `./${entry.name}` })) },
      "reader: can not read version file: invalid argument",
    ],
    [
      "no manifest",
      { outer: without("manifest") },
      "Invalid structure: [header.tar.gz], wrong element: header.tar.gz",
    ],
    [
      "no header",
      { outer: without("header.tar.gz") },
      "Invalid structure: [manifest data/0000.tar.gz], wrong element: data/0000.tar.gz",
    ],
    [
      "the signature behind the header",
      {
        signature: "",
        outer: (entries) =>
          entries.toSorted((a, b) => Number(a.name === "manifest.sig") - Number(b.name === "manifest.sig")),
      },
      "reader: invalid data file name: manifest.sig",
    ],
    [
      "nothing behind the manifest",
      { outer: (entries) => entries.slice(0, 2) },
      "The artifact does not contain all required fields",
    ],
    [
      "an entry behind the data",
      { outer: (entries) => [...entries, { name: "README" }] },
      "reader: invalid data file name: README",
    ],
    [
      "data of a payload that there is not",
      { outer: (entries) => [...entries, { name: "data/0001.tar", content: tar([]) }] },
      "reader: can not find parser for parsing data file [data/0001.tar]",
    ],
    [
      "an unknown kind of header",
      { outer: renamed("header.tar.gz", "header.tar.bz2") },
      "Invalid structure: [manifest header.tar.bz2], wrong element: header.tar.bz2",
    ],
  ])("refuses %s", async (_, parts, text) => {
    expect(await verdict(artifact(parts))).toBe(PREFIX + text);
  });

  it("refuses payloads that are not what they say they are [differs: artifact-structure]", async () => {
    const rootfs = { ...HEADER_INFO, payloads: [{ type: "rootfs-image" }] };
    const files = (typeFlag: string) => FILES.map((file, at) => (at === 0 ? { ...file, typeFlag } : file));
    for (const [parts, text] of [
      [{ files: files("2") }, "Payload: data file dest_dir is not a regular file"],
      [
        { files: files("S") },
        "Payload: error reading Artifact file header: archive/tar: sparse files are not supported",
      ],
      [{ headerInfo: rootfs, files: [] }, "Rootfs: Must provide exactly one update file"],
      [
        { outer: (entries) => [...entries, { name: "data/0001.tar", content: tar([]) }] },
        "reader: can not find parser for parsing data file [data/0001.tar]",
      ],
      [
        {
          headerEntries: [
            { name: "header-info", content: JSON.stringify(HEADER_INFO) },
            { name: "headers/0000/meta-data" },
          ],
        },
        "reader: no type-info for Payload 0",
      ],
    ] as [Parts, string][])
      expect(await verdict(artifact(parts))).toBe(PREFIX + text);
  });

  it("refuses what the original reads as if it were right [differs: artifact-strict]", async () => {
    const last = (name: string) => (entries: Entry[]) =>
      entries.map((entry, at) => (at === entries.length - 1 ? { ...entry, name } : entry));
    const damaged = (entries: Entry[]) =>
      entries.map((entry) => {
        if (!entry.name.startsWith("data/")) return entry;
        const content = Buffer.from(entry.content as Uint8Array);
        content[content.length - GZIP_TRAILER]! ^= 1;
        return { ...entry, content };
      });
    const HEADER = `${PREFIX}readHeaderV3: handleHeaderReads: readHeader: readNext: Could not parse header element header-info`;
    const info = JSON.stringify(HEADER_INFO);
    for (const [parts, text] of [
      [{ version: `${VERSION} x` }, `${PREFIX}reader: can not read version file: invalid JSON`],
      [{ headerInfo: `${info} x` }, `${HEADER}: invalid JSON`],
      [{ headerInfo: info.replace("payloads", "Payloads") }, `${HEADER}: json: unknown field "Payloads"`],
      [
        { outer: renamed("version", "version2") },
        `${PREFIX}reader: can not read version file: invalid argument`,
      ],
      [
        { outer: last("data/0000.tar.gz.old") },
        `${PREFIX}reader: invalid data file name: data/0000.tar.gz.old`,
      ],
      [{ outer: damaged }, `${PREFIX}Payload: error reading Artifact file header: invalid compressed data`],
    ] as [Parts, string][])
      expect(await verdict(artifact(parts))).toBe(text);
  });

  it("does not repeat a hostile name without end", async () => {
    const outer = (entries: Entry[]) => [
      entries[0]!,
      { name: "long", typeFlag: "L", content: "x".repeat(50_000) },
      ...entries.slice(1),
    ];
    const text = await verdict(artifact({ outer }));
    expect(text).toMatch(/^reading artifact error: Invalid structure: \[xxx/);
    expect(text.length).toBeLessThan(2_100);
  });
});

describe("a file that was cut", () => {
  const whole = artifact(PLAIN);
  const at = (needle: string) => whole.indexOf(needle);
  const HEADER_CUT = `${PREFIX}readHeaderV3: handleHeaderReads: readHeader: readNext: Failed to copy from tarReader to the buffer: unexpected EOF`;

  it.each([
    [
      "inside the first tar header",
      100,
      `${PREFIX}reader: can not read version file: readNext: Failed to get next header: reader: error reading archive: unexpected EOF`,
    ],
    [
      "inside the version",
      520,
      `${PREFIX}reader: can not read version file: readNext: Failed to copy from tarReader to the buffer: unexpected EOF`,
    ],
    ["behind the version", 1024, `${PREFIX}The artifact does not contain all required fields`],
    ["inside the manifest's tar header", 1200, `${PREFIX}readHeaderV3: unexpected EOF`],
    [
      "inside the manifest",
      1600,
      `${PREFIX}readHeaderV3: readHeaderV3: Failed to copy to the byte buffer, from the tar reader: unexpected EOF`,
    ],
    ["behind the manifest", 2048, `${PREFIX}The artifact does not contain all required fields`],
    ["inside header-info", 3100, HEADER_CUT],
    ["inside type-info", 4200, HEADER_CUT],
    ["inside the end of the header", 5000, HEADER_CUT],
    [
      "before the data",
      5632,
      `${PREFIX}Files found in manifest(s), that were not part of artifact: data/0000/dest_dir, data/0000/filename, data/0000/permissions, data/0000/hello.txt`,
    ],
    [
      "inside the data's tar header",
      5700,
      `${PREFIX}reader: error reading Payload file: [<nil>]: reader: error reading archive: unexpected EOF`,
    ],
    [
      "at the start of a payload file",
      6144,
      `${PREFIX}Payload: error reading Artifact file header: unexpected EOF`,
    ],
    [
      "inside a payload file",
      6144 + 515,
      `${PREFIX}Payload: can not install Payload: dest_dir: unexpected EOF`,
    ],
    [
      "inside a payload file's tar header",
      7300,
      `${PREFIX}Payload: error reading Artifact file header: unexpected EOF`,
    ],
  ])("%s", async (_, length, text) => {
    expect(at("/opt/app")).toBe(6144 + 512);
    expect(await verdict(whole.subarray(0, length))).toBe(text);
  });

  it("is whole where only the end of the archive is missing", async () => {
    expect(await verdict(whole.subarray(0, whole.length - 1024))).toBe("accepted");
  });

  it("is told as cut in the header when packed as well", async () => {
    const packed = artifact();
    const header = packed.indexOf("header.tar.gz", 1536 + 512);
    expect(await verdict(packed.subarray(0, header + 512 + 100))).toBe(HEADER_CUT);
  });
});

describe("the manifest", () => {
  const add = (line: string) => (lines: string[]) => [...lines, line];
  const drop = (path: string) => (lines: string[]) => lines.filter((line) => !line.endsWith(path));
  it.each<[string, Parts, string]>([
    [
      "a file that is not there",
      { manifest: add(manifestLine("data/0000/ghost", "")) },
      "Files found in manifest(s), that were not part of artifact: data/0000/ghost",
    ],
    [
      "a file outside of the payloads",
      { manifest: add(manifestLine("ghost", "")) },
      "Files found in manifest(s), that were not part of artifact: ghost",
    ],
    [
      "a path without a file name",
      { manifest: add(manifestLine("data/foo", "")) },
      "Malformed manifest entry: 'data/foo'",
    ],
    [
      "something behind its last line",
      {
        outer: (all) =>
          all.map((entry) =>
            entry.name === "manifest" ? { ...entry, content: `${String(entry.content)}x` } : entry,
          ),
      },
      "readHeaderV3: Garbled entry in manifest: 'x'",
    ],
    [
      "a path that is the folder itself",
      { manifest: add(manifestLine("data/0000/.", "")) },
      "Malformed manifest entry: 'data/0000/.'",
    ],
    [
      "a path that leads out of the folder",
      { manifest: add(manifestLine("data/0000/..", "")) },
      "Malformed manifest entry: 'data/0000/..'",
    ],
    [
      "a path with a directory too many",
      { manifest: add(manifestLine("data/0000/a/b", "")) },
      "Malformed manifest entry: 'data/0000/a/b'",
    ],
    [
      "a payload of another number",
      { manifest: add(manifestLine("data/0001/foo", "")) },
      "File in manifest does not belong to any Payload: data/0001/foo",
    ],
    [
      "a payload number that is too short",
      { manifest: add(manifestLine("data/1/foo", "")) },
      "Manifest entry does not contain four digits: 'data/1/foo'",
    ],
    [
      "one blank instead of two",
      { manifest: add(`${sha256("")} data/0000/x`) },
      `checksum: malformed checksum line: '${sha256("")} data/0000/x'`,
    ],
    [
      "four blanks",
      { manifest: add(`${sha256("")}    x`) },
      `checksum: malformed checksum line: '${sha256("")}    x'`,
    ],
    [
      "a file twice",
      { manifest: (lines) => [...lines, lines[0]!] },
      "readHeaderV3: readHeaderV3: Failed to populate the manifest's checksum store: file already exists",
    ],
    [
      "no line for the header",
      { manifest: drop("header.tar.gz") },
      "readHeaderV3: checksum: checksum missing for file: 'header.tar.gz'",
    ],
    [
      "no line for the version",
      { manifest: drop("version") },
      "readHeaderV3: checksum: checksum missing for file: 'version'",
    ],
    [
      "no line for a payload file",
      { manifest: drop("filename") },
      "Payload: can not find data file: filename",
    ],
    [
      "line ends of two characters",
      { manifest: (lines) => lines.map((line) => `${line}\r`) },
      "readHeaderV3: checksum: checksum missing for file: 'version'",
    ],
    [
      "more lines than a header may have",
      { manifest: (lines) => [...lines, ...Array.from({ length: 10_000 }, (_, index) => `0  ${index}`)] },
      "readHeaderV3: readHeaderV3: Failed to populate the manifest's checksum store: more than 10000 lines",
    ],
  ])("with %s is refused", async (_, parts, text) => {
    expect(await verdict(artifact(parts))).toBe(PREFIX + text);
  });

  it("has its names told in its order [differs: first-fault]", async () => {
    const ghosts = ["zz", "aa", "mm"].map((name) => manifestLine(`data/0000/${name}`, ""));
    expect(await verdict(artifact({ manifest: (lines) => [...lines, ...ghosts] }))).toBe(
      `${PREFIX}Files found in manifest(s), that were not part of artifact: data/0000/zz, data/0000/aa, data/0000/mm`,
    );
  });

  it("with empty lines is read over them", async () => {
    expect(await verdict(artifact({ manifest: (lines) => ["", ...lines, ""] }))).toBe("accepted");
  });

  it("without its last line end lacks the last line", async () => {
    const outer = (entries: Entry[]) =>
      entries.map((entry) =>
        entry.name === "manifest" ? { ...entry, content: String(entry.content).trimEnd() } : entry,
      );
    expect(await verdict(artifact({ outer }))).toBe(
      `${PREFIX}readHeaderV3: checksum: checksum missing for file: 'version'`,
    );
  });
});

describe("the announced size", () => {
  const content = artifact();
  const longer = Buffer.concat([content, bytes("surplus")]);

  it("fits", async () => {
    expect(await verdict(content, { expectedSize: content.length })).toBe("accepted");
    expect(await verdict(content, { maxBytes: content.length })).toBe("accepted");
    expect(await verdict(longer, { expectedSize: longer.length })).toBe("accepted");
  });

  it("is larger than the file", async () => {
    expect(await read(content, { expectedSize: content.length + 1 })).toEqual({
      ok: false,
      fault: { reason: "size_short", message: "unexpected EOF" },
    });
  });

  it("is smaller than the archive", async () => {
    expect(await read(content, { expectedSize: 4000 })).toEqual({
      ok: false,
      fault: {
        reason: "size_exceeded",
        message: `${PREFIX}reader: error reading Payload file: [<nil>]: reader: error reading archive: read too many bytes`,
      },
    });
  });

  it("is smaller than the file, but not than the archive", async () => {
    expect(await read(longer, { expectedSize: content.length })).toEqual({
      ok: false,
      fault: { reason: "too_large", message: "Artifact file too large" },
    });
  });

  it("is above the maximum, as is the file", async () => {
    const tooLarge = { ok: false, fault: { reason: "too_large", message: "Artifact file too large" } };
    expect(await read(content, { expectedSize: content.length, maxBytes: 4000 })).toEqual(tooLarge);
    expect(await read(content, { maxBytes: 4000 })).toEqual(tooLarge);
    expect(await read(longer, { maxBytes: content.length })).toEqual(tooLarge);
  });
});
