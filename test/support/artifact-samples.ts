import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readArtifact, type ReadOptions, type ReadResult } from "../../src/artifact/read.ts";
import { encodeTarHeader, paddingOf } from "../../src/artifact/tar-header.ts";

export type Entry = {
  name: string;
  content?: Uint8Array | string;
  mode?: number;
  /** "0", a plain file, unless said otherwise. */
  typeFlag?: string;
};
export type Packing = "none" | "gzip" | "zstd";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const sha256 = (content: Uint8Array | string): string =>
  createHash("sha256").update(content).digest("hex");
const contentOf = ({ content = "" }: Entry): Uint8Array =>
  typeof content === "string" ? bytes(content) : content;

export const ARCHIVE_END = new Uint8Array(1024);

/** Puts the checksum of a tar header right after it was changed. */
export function resummed(header: Buffer): Buffer {
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

export function tarEntry(entry: Entry): Buffer {
  const content = contentOf(entry);
  const { name, mode = 0o600, typeFlag = "0" } = entry;
  const header = Buffer.from(encodeTarHeader({ name, size: content.length, mode }));
  header.write(typeFlag, 156);
  return Buffer.concat([resummed(header), content, new Uint8Array(paddingOf(content.length))]);
}

export const tar = (entries: Entry[]): Buffer => Buffer.concat([...entries.map(tarEntry), ARCHIVE_END]);

const SUFFIX = { none: "", gzip: ".gz", zstd: ".zst" } as const;
export const pack = (content: Uint8Array, packing: Packing): Uint8Array =>
  packing === "gzip" ? gzipSync(content) : packing === "zstd" ? zstdCompressSync(content) : content;

export const VERSION = '{"format":"mender","version":3}';

export const HEADER_INFO = {
  payloads: [{ type: "single-file" }] as unknown,
  artifact_provides: { artifact_name: "file-1" } as unknown,
  artifact_depends: { device_type: ["qemux86-64", "raspberrypi4"] } as unknown,
};

export const TYPE_INFO = {
  type: "single-file",
  artifact_provides: { "rootfs-image.single-file.version": "file-1" } as unknown,
  clears_artifact_provides: ["rootfs-image.single-file.*"] as unknown,
};

export const FILES: Entry[] = [
  { name: "dest_dir", content: "/opt/app\n" },
  { name: "filename", content: "hello.txt\n" },
  { name: "permissions", content: "644\n" },
  { name: "hello.txt", content: "hello\n" },
];

export type Parts = {
  version?: string;
  headerInfo?: unknown;
  typeInfo?: unknown;
  /** Replaces everything in header.tar. */
  headerEntries?: Entry[];
  /** Stands between header-info and type-info. */
  scripts?: Entry[];
  metaData?: string;
  headerPacking?: Packing;
  dataPacking?: Packing;
  files?: Entry[];
  /** One payload for each list instead of `files`. */
  payloads?: Entry[][];
  signature?: string;
  augment?: { headerEntries: Entry[]; files: Entry[] };
  /** Last chance to change the manifest, line by line. */
  manifest?: (lines: string[]) => string[];
  /** Last chance to change the outer entries. */
  outer?: (entries: Entry[]) => Entry[];
};

export const manifestLine = (path: string, content: Uint8Array | string): string =>
  `${sha256(content)}  ${path}`;

const json = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function headerEntriesOf(parts: Parts): Entry[] {
  return (
    parts.headerEntries ?? [
      { name: "header-info", content: json(parts.headerInfo ?? HEADER_INFO) },
      ...(parts.scripts ?? []),
      { name: "headers/0000/type-info", content: json(parts.typeInfo ?? TYPE_INFO) },
      ...(parts.metaData === undefined ? [] : [{ name: "headers/0000/meta-data", content: parts.metaData }]),
    ]
  );
}

const digits = (index: number): string => String(index).padStart(4, "0");

/** The single-file sample of the protocol notes (artifact-format 10), with parts of it replaced. */
export function artifact(parts: Parts = {}): Buffer {
  const { version = VERSION, headerPacking = "gzip", dataPacking = "gzip", augment } = parts;
  const payloads = parts.payloads ?? [parts.files ?? FILES];
  const headerName = `header.tar${SUFFIX[headerPacking]}`;
  const header = pack(tar(headerEntriesOf(parts)), headerPacking);
  const augmentName = `header-augment.tar${SUFFIX[headerPacking]}`;
  const augmentHeader = augment && pack(tar(augment.headerEntries), headerPacking);
  const lines = [
    ...payloads.flatMap((files, index) =>
      files.map((file) => manifestLine(`data/${digits(index)}/${file.name}`, contentOf(file))),
    ),
    manifestLine(headerName, header),
    manifestLine("version", version),
  ];
  const augmentLines = augment && [
    ...augment.files.map((file) => manifestLine(`data/0000/${file.name}`, contentOf(file))),
    manifestLine(augmentName, augmentHeader ?? ""),
  ];
  const text = (all: string[]) => all.map((line) => `${line}\n`).join("");
  const entries: Entry[] = [
    { name: "version", content: version },
    { name: "manifest", content: text(parts.manifest?.(lines) ?? lines) },
    ...(parts.signature === undefined ? [] : [{ name: "manifest.sig", content: parts.signature }]),
    ...(augmentLines ? [{ name: "manifest-augment", content: text(augmentLines) }] : []),
    { name: headerName, content: header },
    ...(augmentHeader ? [{ name: augmentName, content: augmentHeader }] : []),
    ...payloads.map((files, index) => ({
      name: `data/${digits(index)}.tar${SUFFIX[dataPacking]}`,
      content: pack(tar([...files, ...(index === 0 ? (augment?.files ?? []) : [])]), dataPacking),
    })),
  ];
  return tar(parts.outer?.(entries) ?? entries);
}

/** Cuts into pieces of the given sizes, over and over; a size of zero gives an empty chunk. */
export async function* chunked(
  content: Uint8Array,
  sizes: number[] = [65_536],
): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  for (let turn = 0; offset < content.length; turn++) {
    const size = sizes[turn % sizes.length] ?? content.length;
    yield content.subarray(offset, offset + size);
    offset += size;
  }
}

export const read = (content: Uint8Array, options?: ReadOptions): Promise<ReadResult> =>
  readArtifact(chunked(content), options);

/** The text of the fault, or "accepted". */
export async function verdict(content: Uint8Array, options?: ReadOptions): Promise<string> {
  const result = await read(content, options);
  return result.ok ? "accepted" : result.fault.message;
}
