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
  TYPE_INFO,
  verdict,
  VERSION,
} from "../../support/artifact-samples.ts";

const PREFIX = "reading artifact error: ";
const IN_HEADER = `${PREFIX}readHeaderV3: handleHeaderReads: readHeader:`;
const without = (name: string) => (entries: Entry[]) => entries.filter((entry) => entry.name !== name);
const renamed = (from: string, to: string) => (entries: Entry[]) =>
  entries.map((entry) => (entry.name === from ? { ...entry, name: to } : entry));
const withInfo = (change: object): Parts => ({ headerInfo: { ...HEADER_INFO, ...change } });
const withTypeInfo = (change: object): Parts => ({ typeInfo: { ...TYPE_INFO, ...change } });

/** The sample as a whole packed nothing: 31 + manifest + 3072 + 5120 bytes, 12288 in all. */
const PLAIN: Parts = { headerPacking: "none", dataPacking: "none" };

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

  it("tells a wrong one of the header before what else is wrong in it", async () => {
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

describe("header-info", () => {
  const MISSING = `${IN_HEADER} Artifact validation failed with missing`;
  const ELEMENT = `${IN_HEADER} readNext: Could not parse header element header-info:`;
  it.each<[string, Parts, string]>([
    ["no payloads", withInfo({ payloads: [] }), `${MISSING} argument: No Payloads added`],
    [
      "no provides",
      withInfo({ artifact_provides: undefined }),
      `${MISSING} argument: Empty Artifact provides`,
    ],
    ["no name", withInfo({ artifact_provides: { artifact_name: "" } }), `${MISSING} argument: Artifact name`],
    [
      "nothing at all",
      { headerInfo: "" },
      `${MISSING} arguments: No Payloads added, Empty Artifact provides`,
    ],
    ["null", { headerInfo: "null" }, `${MISSING} arguments: No Payloads added, Empty Artifact provides`],
    [
      "no device type",
      withInfo({ artifact_depends: { device_type: [] } }),
      `${PREFIX}ArtifactDepends: Required field 'CompatibleDevices' not found`,
    ],
    ["no depends", withInfo({ artifact_depends: undefined }), "Metadata invalid"],
    [
      "too many device types",
      withInfo({
        artifact_depends: { device_type: Array.from({ length: 201 }, (_, index) => `dt${index}`) },
      }),
      "Metadata invalid",
    ],
    [
      "a name above 256 bytes",
      withInfo({ artifact_provides: { artifact_name: "é".repeat(129) } }),
      `${PREFIX}invalid artifact provides: invalid artifact name: too many characters`,
    ],
    [
      "a name with a control character",
      withInfo({ artifact_provides: { artifact_name: "a\tb" } }),
      `${PREFIX}invalid artifact provides: invalid artifact name: string contains invalid characters`,
    ],
    [
      "two faulty strings",
      withInfo({ artifact_provides: { artifact_name: "a\n", artifact_group: "b\n" } }),
      `${PREFIX}invalid artifact provides: invalid artifact name: string contains invalid characters, invalid artifact provides: invalid artifact group: string contains invalid characters`,
    ],
    [
      "a device type with a line end",
      withInfo({ artifact_depends: { device_type: ["a", "b\n"] } }),
      `${PREFIX}invalid artifact depends: compatible devices at index 1 invalid: string contains invalid characters`,
    ],
    [
      "an empty payload type",
      withInfo({ payloads: [{ type: "" }] }),
      `${PREFIX}Unexpected empty Payload type`,
    ],
    ["an unknown key", withInfo({ other: 1 }), `${ELEMENT} json: unknown field "other"`],
    [
      "an unknown key in provides",
      withInfo({ artifact_provides: { artifact_name: "a", other: 1 } }),
      `${ELEMENT} json: unknown field "other"`,
    ],
    [
      "an unknown key in a payload",
      withInfo({ payloads: [{ type: "a", other: 1 }] }),
      `${ELEMENT} json: unknown field "other"`,
    ],
    ["a list instead of an object", { headerInfo: "[]" }, `${ELEMENT} json: header-info is not an object`],
    ["broken JSON", { headerInfo: "{" }, `${ELEMENT} invalid JSON`],
    ["payloads that are no list", withInfo({ payloads: {} }), `${ELEMENT} json: payloads is not an array`],
    [
      "a type that is no string",
      withInfo({ payloads: [{ type: 1 }] }),
      `${ELEMENT} json: type is not a string`,
    ],
    [
      "a name that is no string",
      withInfo({ artifact_provides: { artifact_name: 1 } }),
      `${ELEMENT} json: artifact_name is not a string`,
    ],
    [
      "device types that are no list",
      withInfo({ artifact_depends: { device_type: "dt" } }),
      `${ELEMENT} json: device_type is not an array of strings`,
    ],
  ])("with %s is refused", async (_, parts, text) => {
    expect(await verdict(artifact(parts))).toBe(text);
  });

  it("may depend on keys that nobody knows", async () => {
    expect(await verdict(artifact(withInfo({ artifact_depends: { device_type: ["a"], other: 1 } })))).toBe(
      "accepted",
    );
  });

  it("has room for exactly 256 bytes of name and 200 device types", async () => {
    const provides = { artifact_name: "é".repeat(128) };
    const depends = { device_type: Array.from({ length: 200 }, (_, index) => `dt${index}`) };
    expect(
      await verdict(artifact(withInfo({ artifact_provides: provides, artifact_depends: depends }))),
    ).toBe("accepted");
  });
});

describe("the header's other files", () => {
  const entries = (...rest: Entry[]): Parts => ({
    headerEntries: [{ name: "header-info", content: JSON.stringify(HEADER_INFO) }, ...rest],
  });
  const typeInfo: Entry = { name: "headers/0000/type-info", content: JSON.stringify(TYPE_INFO) };
  it.each<[string, Parts, string]>([
    [
      "a foreign file",
      entries(typeInfo, { name: "headers/0000/foo" }),
      "Payload: unsupported file: headers/0000/foo",
    ],
    ["header-info not first", { headerEntries: [typeInfo] }, "readHeader: invalid argument"],
    ["nothing", { headerEntries: [] }, "readHeader: invalid argument"],
    [
      "only header-info",
      entries(),
      "reader: error getting header Payload number: can not get Payload order from tar path",
    ],
    [
      "a file outside of headers",
      entries(typeInfo, { name: "foo" }),
      "reader: error getting header Payload number: can not get Payload order from tar path",
    ],
    [
      "a directory that is no number",
      entries({ name: "headers/x/type-info" }),
      'reader: error getting header Payload number: invalid number: "x"',
    ],
    [
      "type-info of another payload",
      entries(typeInfo, { ...typeInfo, name: "headers/0001/type-info" }),
      "reader: can not find parser for Payload: headers/0001/type-info",
    ],
    ["no type-info", entries({ name: "headers/0000/meta-data" }), "reader: no type-info for Payload 0"],
    [
      "a number to depend on",
      withTypeInfo({ artifact_depends: { a: 1 } }),
      "Invalid TypeInfo depends type: float64, with value 1",
    ],
    [
      "a list of numbers to depend on",
      withTypeInfo({ artifact_depends: { a: ["b", 1, null, true] } }),
      "Invalid TypeInfo depends type: []interface {}, with value [b 1 <nil> true]",
    ],
    [
      "an object to depend on",
      withTypeInfo({ artifact_depends: { a: { c: 1, b: "x" } } }),
      "Invalid TypeInfo depends type: map[string]interface {}, with value map[b:x c:1]",
    ],
    [
      "a list to provide",
      withTypeInfo({ artifact_provides: { a: ["b"] } }),
      "Invalid TypeInfo provides type: []interface {}, with value [b]",
    ],
    [
      "a truth to provide",
      withTypeInfo({ artifact_provides: { a: true } }),
      "Invalid TypeInfo provides type: bool, with value true",
    ],
    [
      "nothing to provide",
      withTypeInfo({ artifact_provides: { a: null } }),
      "Invalid TypeInfo provides type: <nil>, with value <nil>",
    ],
    [
      "provides that are a list",
      withTypeInfo({ artifact_provides: [] }),
      "json: cannot unmarshal []interface {} into artifact_provides",
    ],
    [
      "clears that are no list",
      withTypeInfo({ clears_artifact_provides: "a" }),
      "error reading type-info: clears_artifact_provides is not an array of strings",
    ],
    ["a type that is a number", withTypeInfo({ type: 1 }), "error reading type-info: type is not a string"],
    ["type-info that is broken", { typeInfo: "{" }, "error reading type-info: invalid JSON"],
    ["type-info that is a list", { typeInfo: "[]" }, "error reading type-info: not a JSON object"],
    ["meta-data that is a list", { metaData: "[]" }, "Top level object in meta-data must be a JSON object"],
    ["meta-data that is a number", { metaData: "1" }, "Top level object in meta-data must be a JSON object"],
    ["meta-data that is broken", { metaData: "{" }, "error reading meta-data: invalid JSON"],
    [
      "meta-data nested without end",
      { metaData: `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}` },
      "error reading meta-data: invalid JSON",
    ],
    [
      "a file above the limit",
      { metaData: `{"a":"${"x".repeat(1024 * 1024)}"}` },
      "readHeaderV3: handleHeaderReads: readHeader: readNext: Failed to copy from tarReader to the buffer: more than 1048576 bytes",
    ],
    [
      "more files than anybody needs",
      { scripts: Array.from({ length: 10_001 }, (_, index) => ({ name: `scripts/${index}` })) },
      "readHeaderV3: handleHeaderReads: more than 10000 files",
    ],
  ])("%s is refused", async (_, parts, text) => {
    expect(await verdict(artifact(parts))).toBe(PREFIX + text);
  });

  it.each([
    ["a string that never ends", `{"a":"${'\\"'.repeat(400_000)}`],
    ["quotes without end", '"'.repeat(1_000_000)],
  ])("are refused quickly for %s", async (_, metaData) => {
    expect(await verdict(artifact({ metaData }))).toBe(`${PREFIX}error reading meta-data: invalid JSON`);
  });

  it("conflict when two of them provide the same", async () => {
    expect(await verdict(artifact(withTypeInfo({ artifact_provides: { artifact_name: "other" } })))).toBe(
      "error parsing version 3 artifact: Conflicting keys not allowed in the provides parameters. key: artifact_name",
    );
    expect(await verdict(artifact(withTypeInfo({ artifact_depends: { device_type: "other" } })))).toBe(
      "error parsing version 3 artifact: Conflicting keys not allowed in the provides parameters. key: device_type",
    );
  });

  it("that are not packed as their name says are refused", async () => {
    const header = bytes("no gzip");
    const parts: Parts = {
      outer: (all) =>
        all.map((entry) => (entry.name === "header.tar.gz" ? { ...entry, content: header } : entry)),
      manifest: (lines) =>
        lines.map((line) => (line.endsWith("header.tar.gz") ? manifestLine("header.tar.gz", header) : line)),
    };
    expect(await verdict(artifact(parts))).toBe(
      `${PREFIX}readHeader: error opening .gz header: unexpected EOF`,
    );
  });
});

describe("payloads", () => {
  const blank = { name: "a b.txt", content: "x" };
  it.each<[string, Parts, string]>([
    [
      "a file name with a blank",
      { files: [blank] },
      'Payload: data file a b.txt contains forbidden characters. Only letters, digits and characters in the set ".,_-" are allowed',
    ],
    [
      "a root file system of two files",
      { ...withInfo({ payloads: [{ type: "rootfs-image" }] }), files: FILES.slice(0, 2) },
      "Rootfs: Must provide exactly one update file",
    ],
    [
      "a bootstrap artifact with a file",
      { ...withInfo({ payloads: [{ type: null }] }), files: FILES.slice(0, 1) },
      "Payload: can not find data file: dest_dir",
    ],
    [
      "a bootstrap artifact with meta-data",
      { ...withInfo({ payloads: [{ type: null }] }), files: [], metaData: "{}" },
      "Payload: unsupported file: headers/0000/meta-data",
    ],
    [
      "data that is not packed as its name says",
      {
        outer: (all) =>
          all.map((entry) => (entry.name === "data/0000.tar.gz" ? { ...entry, content: tar(FILES) } : entry)),
      },
      "Payload: error reading Artifact file header: invalid compressed data",
    ],
  ])("with %s are refused", async (_, parts, text) => {
    expect(await verdict(artifact(parts))).toBe(PREFIX + text);
  });

  it("are refused with a link in the place of a listed file", async () => {
    const data = tar(FILES.map((file) => ({ ...file, typeFlag: file.name === "dest_dir" ? "2" : "0" })));
    const outer = (all: Entry[]) =>
      all.map((entry) => (entry.name === "data/0000.tar" ? { ...entry, content: data } : entry));
    expect(await verdict(artifact({ ...PLAIN, outer }))).toBe(
      `${PREFIX}Payload: data file dest_dir is not a regular file`,
    );
  });

  it("are not unpacked beyond what their size allows", async () => {
    const files = [{ name: "zeros", content: new Uint8Array(5_000_000) }];
    const unpackLimits = { allowanceBytes: 100_000, ratio: 200 };
    for (const dataPacking of ["gzip", "zstd"] as const) {
      expect(await verdict(artifact({ files, dataPacking }), { unpackLimits })).toBe(
        `${PREFIX}Payload: can not install Payload: zeros: unpacked content is too large`,
      );
      expect(await verdict(artifact({ files, dataPacking }))).toBe("accepted");
    }
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
