import {
  artifact,
  bytes,
  type Entry,
  FILES,
  HEADER_INFO,
  manifestLine,
  pack,
  type Parts,
  sha256,
  tar,
  TYPE_INFO,
} from "../support/artifact-samples.ts";

export type Verdict = "accept" | "refuse";

export type Case = {
  title: string;
  content: Buffer;
  /** What the protocol notes say (artifact-format 8.1, 8.2, 10.1); undefined: whatever the tool says. */
  expected?: Verdict;
  /** Why mender-artifact 3.9.0 may see it differently from a server, and is not asked. */
  apart?: string;
};

const OLDER = "the tool is older than this rule of the server";
const NO_ZSTD = "the tool does not know zstd";
const SERVER_ONLY = "the server looks at what it stores, the tool does not";
const OURS = "a limit of this server";

const info = (change: object): Parts => ({ headerInfo: { ...HEADER_INFO, ...change } });
const types = (change: object): Parts => ({ typeInfo: { ...TYPE_INFO, ...change } });
const drop = (name: string) => (entries: Entry[]) => entries.filter((entry) => entry.name !== name);
const replaced = (name: string, content: Uint8Array) => (entries: Entry[]) =>
  entries.map((entry) => (entry.name === name ? { ...entry, content } : entry));
const line = (added: string) => (lines: string[]) => [...lines, added];
const unlisted = (path: string) => (lines: string[]) => lines.filter((text) => !text.endsWith(path));

const headerInfo: Entry = { name: "header-info", content: JSON.stringify(HEADER_INFO) };
const typeInfo: Entry = { name: "headers/0000/type-info", content: JSON.stringify(TYPE_INFO) };
const image = [{ name: "rootfs.ext4", content: "image" }];
const ROOTFS = { payloads: [{ type: "rootfs-image" }] };
const ROOTFS_TYPE = { typeInfo: { type: "" }, files: image };

type Row = [title: string, parts: Parts, apart?: string];

/** Rows of artifact-format 8.1 and 10.1. */
const REFUSED: Row[] = [
  ["wrong checksum of a file", { manifest: (lines) => lines.map((text) => text.replace(/^./, "g")) }],
  ["version 4", { version: '{"format":"mender","version":4}' }],
  ["version 1", { version: '{"format":"mender","version":1}' }],
  ["unknown key in the version", { version: '{"format":"mender","version":3,"x":1}' }],
  ["no version", { outer: drop("version") }],
  ["names with ./", { outer: (all) => all.map((entry) => ({ ...entry, name: `./${entry.name}` })) }],
  ["no manifest", { outer: drop("manifest") }],
  ["manifest behind the header", { outer: (all) => [all[0]!, all[2]!, all[1]!, ...all.slice(3)] }],
  ["no header", { outer: drop("header.tar.gz") }],
  ["ends before the header", { outer: (all) => all.slice(0, 2) }],
  ["listed file absent", { manifest: line(manifestLine("data/0000/ghost", "")) }],
  ["file not listed", { manifest: unlisted("hello.txt") }],
  ["header not listed", { manifest: unlisted("header.tar.gz") }],
  ["version not listed", { manifest: unlisted("version") }],
  ["line with one blank", { manifest: line(`${sha256("")} data/0000/x`) }],
  [
    "upper-case digits",
    { manifest: (lines) => lines.map((text) => text.slice(0, 64).toUpperCase() + text.slice(64)) },
  ],
  ["line ends of two characters", { manifest: (lines) => lines.map((text) => `${text}\r`) }],
  ["duplicate line", { manifest: (lines) => [...lines, lines[0]!] }],
  ["path without a payload", { manifest: line(manifestLine("data/foo", "")) }],
  ["path of another payload", { manifest: line(manifestLine("data/0001/foo", "")) }],
  ["no payloads", info({ payloads: [] })],
  ["no provides", info({ artifact_provides: undefined }), OLDER],
  ["no name", info({ artifact_provides: { artifact_name: "" } }), OLDER],
  ["empty payload type", info({ payloads: [{ type: "" }] })],
  ["unknown key in header-info", info({ other: 1 })],
  ["unknown key in provides", info({ artifact_provides: { artifact_name: "a", other: 1 } })],
  ["no device type in depends", info({ artifact_depends: { device_type: [] } })],
  ["no depends at all", info({ artifact_depends: undefined }), SERVER_ONLY],
  [
    "too many device types",
    info({ artifact_depends: { device_type: Array.from({ length: 201 }, (_, index) => `d${index}`) } }),
    SERVER_ONLY,
  ],
  ["name above 256 bytes", info({ artifact_provides: { artifact_name: "x".repeat(257) } }), OLDER],
  ["control character in the name", info({ artifact_provides: { artifact_name: "a\tb" } }), OLDER],
  ["provides in conflict", types({ artifact_provides: { artifact_name: "other" } }), SERVER_ONLY],
  ["depends value that is a number", types({ artifact_depends: { a: 1 } })],
  ["provides value that is a list", types({ artifact_provides: { a: ["b"] } })],
  ["meta-data that is a list", { metaData: "[]" }],
  ["foreign file in the header", { headerEntries: [headerInfo, typeInfo, { name: "headers/0000/foo" }] }],
  ["header-info not first", { headerEntries: [typeInfo, headerInfo] }],
  ["only header-info", { headerEntries: [headerInfo] }],
  ["entry behind the data", { outer: (all) => [...all, { name: "README" }] }],
  ["blank in a file name", { files: [{ name: "a b", content: "" }] }],
  ["root file system of two files", { ...info(ROOTFS), typeInfo: { type: "" }, files: FILES.slice(0, 2) }],
  ["bootstrap with a file", { ...info({ payloads: [{ type: null }] }), files: image }],
  ["bootstrap with meta-data", { ...info({ payloads: [{ type: null }] }), files: [], metaData: "{}" }],
];

/** Rows of artifact-format 8.2. */
const ACCEPTED: Row[] = [
  ["the sample", {}],
  ["packed header, plain data", { dataPacking: "none" }],
  ["plain header, packed data", { headerPacking: "none" }],
  ["zstd", { headerPacking: "zstd", dataPacking: "zstd" }, NO_ZSTD],
  ["another format word", { version: '{"format":"other","version":3}' }],
  [
    "directories in the header",
    { headerEntries: [headerInfo, { name: "headers/0000/", typeFlag: "5" }, typeInfo] },
  ],
  ["mismatching type", types({ type: "other" })],
  ["null type", types({ type: null })],
  ["empty type of a root file system", { ...info(ROOTFS), ...ROOTFS_TYPE }],
  ["unknown key in type-info", types({ other: 1 })],
  ["unknown script name", { scripts: [{ name: "scripts/whatever", content: "" }] }],
  ["hostile header name", { headerEntries: [headerInfo, { ...typeInfo, name: "../0000/../../type-info" }] }],
  [
    "two payloads",
    {
      headerEntries: [
        {
          name: "header-info",
          content: JSON.stringify({ ...HEADER_INFO, payloads: [{ type: "a" }, { type: "b" }] }),
        },
        typeInfo,
        { name: "headers/0001/type-info", content: '{"type":"b"}' },
      ],
      payloads: [image, image],
    },
  ],
  ["empty meta-data", { metaData: "" }],
  ["list of strings to depend on", types({ artifact_depends: { a: ["b", "c"] } })],
  ["no data entry for no files", { files: [], outer: (all) => all.slice(0, -1) }],
  [
    "payload file twice",
    { dataPacking: "none", outer: replaced("data/0000.tar", tar([...FILES, ...FILES])) },
  ],
];

/** Where we are stricter than the original on purpose. */
const STRICTER: Row[] = [
  [
    "an entry whose name only starts like version",
    {
      outer: (all) => all.map((entry) => (entry.name === "version" ? { ...entry, name: "versions" } : entry)),
    },
    "the original compares beginnings",
  ],
  [
    "link in the place of a file",
    {
      dataPacking: "none",
      files: [{ name: "a", content: "" }],
      outer: replaced("data/0000.tar", tar([{ name: "a", typeFlag: "2" }])),
    },
    "section 4 wants plain files",
  ],
  [
    "data of no payload",
    { outer: (all) => [...all, { name: "data/0001.tar", content: tar([]) }] },
    "the original skips it by mistake",
  ],
  [
    "text behind the JSON",
    { headerInfo: `${JSON.stringify(HEADER_INFO)}x` },
    "the original stops reading there, devices do not",
  ],
  [
    "root file system without a file",
    { ...info(ROOTFS), typeInfo: { type: "" }, files: [] },
    "section 4 wants exactly one",
  ],
  [
    "payload file behind a broken gzip trailer",
    { outer: replaced("data/0000.tar.gz", brokenTrailer()) },
    "the original stops reading before it",
  ],
];

function brokenTrailer(): Uint8Array {
  const packed = Buffer.from(pack(tar(FILES), "gzip"));
  packed[packed.length - 8]! ^= 1;
  return packed;
}

const ZEROS = new Uint8Array(40_000_000);

/** Held against `BOMB_LIMITS`. */
const BOMBS: Row[] = [
  ["gzip bomb in the data", { files: [{ name: "zeros", content: ZEROS }] }, OURS],
  ["zstd bomb in the data", { files: [{ name: "zeros", content: ZEROS }], dataPacking: "zstd" }, OURS],
  [
    "gzip bomb behind the files",
    { outer: replaced("data/0000.tar.gz", pack(Buffer.concat([tar(FILES), ZEROS]), "gzip")) },
    OURS,
  ],
  ["gzip bomb in a script", { scripts: [{ name: "scripts/a", content: new Uint8Array(70_000_000) }] }, OURS],
  ["gzip bomb in type-info", { headerEntries: [headerInfo, { ...typeInfo, content: ZEROS }] }, OURS],
  [
    "a header of 10,001 files",
    { scripts: Array.from({ length: 10_000 }, (_, index) => ({ name: `scripts/${index}` })) },
    OURS,
  ],
  [
    "a manifest of 10,001 lines",
    { manifest: (lines) => [...lines, ...Array.from({ length: 10_001 }, (_, index) => `0  ${index}`)] },
    OURS,
  ],
  ["a manifest of 2 MiB", { outer: replaced("manifest", bytes("\n".repeat(2 * 1024 * 1024))) }, OURS],
  ["meta-data nested a thousand times", { metaData: `{"a":${"[".repeat(1_000)}${"]".repeat(1_000)}}` }, OURS],
];

export const BOMB_LIMITS = { allowanceBytes: 8 * 1024 * 1024, ratio: 200 };

const cases = (rows: Row[], expected: Verdict): Case[] =>
  rows.map(([title, parts, apart]) => ({
    title,
    content: artifact(parts),
    expected,
    ...(apart !== undefined && { apart }),
  }));

export function statedCases(): Case[] {
  const whole = artifact();
  return [
    ...cases(REFUSED, "refuse"),
    ...cases(ACCEPTED, "accept"),
    ...cases(STRICTER, "refuse"),
    ...cases(BOMBS, "refuse"),
    { title: "empty file", content: Buffer.alloc(0), expected: "refuse" },
    { title: "no tar", content: Buffer.alloc(5000, "no tar "), expected: "refuse" },
    {
      title: "trailing garbage",
      content: Buffer.concat([whole, Buffer.alloc(777, "x")]),
      expected: "accept",
    },
  ];
}
