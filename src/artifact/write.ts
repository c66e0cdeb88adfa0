import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { joinBytes } from "./bytes.ts";
import { checkSpec } from "./spec-check.ts";
import type { ArtifactSpec, PayloadFile } from "./spec.ts";
import { BLOCK_BYTES, encodeTarHeader, paddingOf } from "./tar-header.ts";

export { ArtifactSpecError } from "./spec-check.ts";

export type WrittenArtifact = {
  size: number;
  /** The bytes of the file. Throws if a streamed file is not what it was said to be. */
  chunks: () => AsyncGenerator<Uint8Array, void>;
};

const MEMORY_MODE = 0o600;
const SCRIPT_MODE = 0o755;
const FILE_MODE = 0o644;
const VERSION_TEXT = '{"format":"mender","version":3}';
const END_OF_ARCHIVE = new Uint8Array(2 * BLOCK_BYTES);

const utf8Encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => utf8Encoder.encode(text);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Lays out an artifact of version 3. The same specification always gives the same bytes. */
export async function writeArtifact(spec: ArtifactSpec): Promise<WrittenArtifact> {
  checkSpec(spec);
  const files = (spec.files ?? []).map(describeFile);
  const compression = spec.compression ?? "none";
  const suffix = compression === "gzip" ? ".gz" : "";
  const pack = (bytes: Uint8Array) => (compression === "gzip" ? gzip(bytes) : bytes);
  const headerName = `header.tar${suffix}`;
  const header = pack(headerTar(spec));
  const version = bytesOf(VERSION_TEXT);
  const manifest = bytesOf(
    [
      ...files.map(({ name, sha256: checksum }) => `${checksum}  data/0000/${name}\n`),
      `${sha256(header)}  ${headerName}\n`,
      `${sha256(version)}  version\n`,
    ].join(""),
  );
  const signature = spec.sign ? bytesOf(await spec.sign(manifest)) : null;
  const head = joinBytes([
    ...entry("version", version),
    ...entry("manifest", manifest),
    ...(signature === null ? [] : entry("manifest.sig", signature)),
    ...entry(headerName, header),
  ]);
  const dataName = `data/0000.tar${suffix}`;
  if (compression === "gzip") {
    const data = entry(dataName, gzip(joinBytes(await collect(payloadTar(files)))));
    const whole = joinBytes([head, ...data, END_OF_ARCHIVE]);
    return { size: whole.length, chunks: () => once(whole) };
  }
  const dataSize = payloadSize(files);
  const dataHeader = encodeTarHeader({ name: dataName, size: dataSize, mode: MEMORY_MODE });
  return {
    size: head.length + dataHeader.length + dataSize + END_OF_ARCHIVE.length,
    async *chunks() {
      yield joinBytes([head, dataHeader]);
      yield* payloadTar(files);
      yield END_OF_ARCHIVE;
    },
  };
}

type LaidOutFile = {
  name: string;
  mode: number;
  size: number;
  sha256: string;
  open: () => AsyncIterable<Uint8Array>;
};

function describeFile(file: PayloadFile): LaidOutFile {
  const { name, mode = FILE_MODE } = file;
  if (!("content" in file)) return { name, mode, size: file.size, sha256: file.sha256, open: file.open };
  const { content } = file;
  return { name, mode, size: content.length, sha256: sha256(content), open: () => once(content) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts;
}

/** A tar archive of files that are in memory. */
export const tarOf = (files: readonly { name: string; content: Uint8Array }[]): Uint8Array =>
  joinBytes([...files.flatMap(({ name, content }) => entry(name, content, FILE_MODE)), END_OF_ARCHIVE]);

function entry(name: string, content: Uint8Array, mode = MEMORY_MODE): Uint8Array[] {
  return [
    encodeTarHeader({ name, size: content.length, mode }),
    content,
    new Uint8Array(paddingOf(content.length)),
  ];
}

/** The machine's mark in the gzip header would make the bytes differ between machines. */
function gzip(bytes: Uint8Array): Uint8Array {
  const packed = new Uint8Array(gzipSync(bytes, { level: 9 }));
  packed[9] = 0xff;
  return packed;
}

function headerTar(spec: ArtifactSpec): Uint8Array {
  const scripts = spec.scripts ?? [];
  return joinBytes([
    ...entry("header-info", bytesOf(JSON.stringify(headerInfo(spec)))),
    ...scripts.flatMap(({ name, content }) => entry(`scripts/${name}`, content, SCRIPT_MODE)),
    ...entry("headers/0000/type-info", bytesOf(JSON.stringify(typeInfo(spec)))),
    ...metaDataEntry(spec),
    END_OF_ARCHIVE,
  ]);
}

/** Root file systems carry an empty file, others only one that says something. */
function metaDataEntry({ payloadType, metaData = {} }: ArtifactSpec): Uint8Array[] {
  const isSilent = Object.keys(metaData).length === 0;
  if (isSilent && payloadType !== "rootfs-image") return [];
  const content = isSilent ? "" : JSON.stringify(sortedDeep(metaData));
  return entry("headers/0000/meta-data", bytesOf(content));
}

// Key order is that of the original tool: fixed in header-info, sorted in the maps.
function headerInfo(spec: ArtifactSpec): unknown {
  const { dependsOnNames = [], dependsOnGroups = [], group } = spec;
  return {
    payloads: [{ type: spec.payloadType }],
    artifact_provides: {
      artifact_name: spec.name,
      ...(group !== undefined && group !== "" && { artifact_group: group }),
    },
    artifact_depends: {
      ...(dependsOnNames.length > 0 && { artifact_name: dependsOnNames }),
      device_type: spec.deviceTypes,
      ...(dependsOnGroups.length > 0 && { artifact_group: dependsOnGroups }),
    },
  };
}

function typeInfo({ payloadType, depends = {}, provides = {}, clearsProvides = [] }: ArtifactSpec): unknown {
  return {
    type: payloadType,
    ...(Object.keys(depends).length > 0 && { artifact_depends: sortedDeep(depends) }),
    ...(Object.keys(provides).length > 0 && { artifact_provides: sortedDeep(provides) }),
    ...(clearsProvides.length > 0 && { clears_artifact_provides: clearsProvides }),
  };
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sortedDeep(member)]));
}

function payloadSize(files: readonly LaidOutFile[]): number {
  const contents = files.map(({ size }) => BLOCK_BYTES + size + paddingOf(size));
  return contents.reduce((sum, size) => sum + size, END_OF_ARCHIVE.length);
}

async function* payloadTar(files: readonly LaidOutFile[]): AsyncGenerator<Uint8Array, void> {
  for (const { name, size, mode, sha256: checksum, open } of files) {
    yield encodeTarHeader({ name, size, mode });
    yield* verified(open(), name, size, checksum);
    yield new Uint8Array(paddingOf(size));
  }
  yield END_OF_ARCHIVE;
}

/** The header has already promised size and checksum; a file that breaks the promise stops the write. */
async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  size: number,
  checksum: string,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  let written = 0;
  for await (const chunk of chunks) {
    written += chunk.length;
    if (written > size) throw new Error(`payload file ${name} has more than ${size} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  if (written < size) throw new Error(`payload file ${name} has ${written} bytes, not ${size}`);
  if (hash.digest("hex") !== checksum) throw new Error(`payload file ${name} has another checksum`);
}
