import { describe, expect, it } from "vitest";
import {
  artifact,
  bytes,
  type Entry,
  FILES,
  HEADER_INFO,
  manifestLine,
  type Parts,
  tar,
  TYPE_INFO,
  verdict,
} from "../../support/artifact-samples.ts";

const PREFIX = "reading artifact error: ";
const IN_HEADER = `${PREFIX}readHeaderV3: handleHeaderReads: readHeader:`;
const withInfo = (change: object): Parts => ({ headerInfo: { ...HEADER_INFO, ...change } });
const withTypeInfo = (change: object): Parts => ({ typeInfo: { ...TYPE_INFO, ...change } });

const PLAIN: Parts = { headerPacking: "none", dataPacking: "none" };

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
      "meta-data with a number beyond all numbers",
      { metaData: '{"a":-1e999}' },
      "error reading meta-data: invalid JSON",
    ],
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
        `${PREFIX}Payload: can not install Payload: zeros: unpacked content is too large: more than 100000 bytes and 200 times the packed size`,
      );
      expect(await verdict(artifact({ files, dataPacking }))).toBe("accepted");
    }
  });
});
