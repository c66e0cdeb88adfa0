import { type ByteSource, readRest, skipRest, StreamFault } from "./bytes.ts";
import { decoder, type Encoding } from "./decompress.ts";
import { type ArtifactRefusal, refusal, streamReason, within } from "./faults.ts";
import { type HeaderInfo, type HeaderKind, parseHeaderInfo } from "./header-info.ts";
import { type Pace, STEP_COST } from "./pace.ts";
import { parseMetaData, parseTypeInfo, type PayloadHeader } from "./payload-info.ts";
import { type TarEntry, TarReader } from "./tar.ts";
import type { UnpackBudget, UnpackLimits } from "./unpack-budget.ts";

const MAX_HEADER_FILE_BYTES = 1024 * 1024;
/** Header files that are parsed, together: an artifact's record holds no more. */
const MAX_HEADER_KEPT_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_ENTRIES = 10_000;
/** Scripts pass through unread, so the header as a whole has a limit of its own. */
const HEADER_UNPACK_LIMITS: UnpackLimits = { allowanceBytes: 64 * 1024 * 1024, ratio: 0 };

export type HeaderArchive = { info: HeaderInfo; payloads: PayloadHeader[] };

const IN_HEADER = "readHeaderV3: handleHeaderReads:";
const CUT = `${IN_HEADER} readHeader: readNext: Failed to copy from tarReader to the buffer:`;
const PAYLOAD_NUMBER = "reader: error getting header Payload number:";

const inHeader = (cause: string): string =>
  `${IN_HEADER} reader: can not read artifact header file: ${cause}`;

/** Text for a header entry that ends before its stated size. */
export const cutHeader = (cause: string): string => `${CUT} ${cause}`;

/** Reads `header.tar` or `header-augment.tar`, whatever its encoding. */
export async function readHeaderArchive(
  packed: ByteSource,
  encoding: Encoding,
  { version, kind, budget: whole }: { version: 2 | 3; kind: HeaderKind; budget: UnpackBudget },
): Promise<HeaderArchive> {
  const budget = whole.part(HEADER_UNPACK_LIMITS);
  const source = decoder(encoding, packed, budget);
  try {
    await open(source, encoding);
    const archive = await readEntries(new BoundedTar(source, budget.pace), version, kind);
    await within(inHeader, () => skipRest(source));
    return archive;
  } finally {
    await source.close();
  }
}

const SUFFIXES = { none: "", gzip: ".gz", xz: ".xz", zstd: ".zst" } as const satisfies Record<
  Encoding,
  string
>;

async function open(source: ByteSource, encoding: Encoding): Promise<void> {
  try {
    await source.fill();
  } catch (error) {
    if (!(error instanceof StreamFault)) throw error;
    const cause = error.kind === "limit" ? error.message : "unexpected EOF";
    const reason = error.kind === "corrupt" ? "encoding_invalid" : streamReason(error);
    throw refusal(reason, `readHeader: error opening ${SUFFIXES[encoding]} header: ${cause}`);
  }
}

/** The tar inside the header, with limits on how many entries it may have and how much of them is kept. */
class BoundedTar {
  readonly #tar: TarReader;
  readonly #pace: Pace;
  #entries = 0;
  #keptBytes = 0;

  constructor(source: ByteSource, pace: Pace) {
    this.#tar = new TarReader(source, pace);
    this.#pace = pace;
  }

  async next(): Promise<TarEntry | null> {
    const entry = await within(inHeader, () => this.#tar.next());
    if (entry !== null && ++this.#entries > MAX_HEADER_ENTRIES) {
      throw refusal("limit_exceeded", `${IN_HEADER} more than ${MAX_HEADER_ENTRIES} files`);
    }
    return entry;
  }

  /** The content of a file that is going to be parsed. */
  async read(entry: TarEntry): Promise<Uint8Array> {
    const content = await within(cutHeader, () => readRest(entry.body, MAX_HEADER_FILE_BYTES));
    this.#keptBytes += content.length;
    if (this.#keptBytes > MAX_HEADER_KEPT_BYTES) {
      throw refusal("limit_exceeded", `${IN_HEADER} more than ${MAX_HEADER_KEPT_BYTES} bytes of JSON`);
    }
    await this.#pace.step(content.length * STEP_COST.jsonByte);
    return content;
  }
}

async function readEntries(tar: BoundedTar, version: 2 | 3, kind: HeaderKind): Promise<HeaderArchive> {
  const first = await tar.next();
  if (first?.name !== "header-info") {
    throw refusal("header_invalid", "readHeader: invalid argument");
  }
  const info = parseHeaderInfo(await tar.read(first), version, kind);
  const payloads = info.payloadTypes.map((): PayloadHeader => ({ typeInfo: null, metaData: null }));
  let entry = await tar.next();
  while (entry !== null && isScript(entry.name)) entry = await tar.next();
  if (entry === null) throw noPayloadNumber("can not get Payload order from tar path");
  for (; entry !== null; entry = await tar.next()) {
    if (entry.kind !== "directory") await readPart(tar, entry, { info, payloads }, version);
  }
  const silent = payloads.findIndex(({ typeInfo }) => typeInfo === null);
  if (version === 3 && kind === "original" && silent >= 0) {
    throw refusal("header_invalid", `reader: no type-info for Payload ${silent}`);
  }
  return { info, payloads };
}

const isScript = (name: string): boolean => /^scripts\/[^/]+$/.test(name);

const noPayloadNumber = (detail: string): ArtifactRefusal =>
  refusal("header_invalid", `${PAYLOAD_NUMBER} ${detail}`);

async function readPart(
  tar: BoundedTar,
  entry: TarEntry,
  { info, payloads }: HeaderArchive,
  version: 2 | 3,
): Promise<void> {
  // Only the number and the last part of the path count; the name is never used as a path.
  const parts = entry.name.split("/");
  const digits = parts[1];
  if (digits === undefined || parts.length < 3) {
    throw noPayloadNumber("can not get Payload order from tar path");
  }
  if (!/^[0-9]{1,9}$/.test(digits)) throw noPayloadNumber(`invalid number: "${digits}"`);
  const index = Number(digits);
  const payload = payloads[index];
  const type = info.payloadTypes[index];
  if (payload === undefined || type === undefined) {
    throw refusal("header_invalid", `reader: can not find parser for Payload: ${entry.name}`);
  }
  switch (partKind(entry.name, parts.at(-1), type, version)) {
    case "type-info":
      payload.typeInfo = parseTypeInfo(await tar.read(entry));
      break;
    case "meta-data":
      payload.metaData = parseMetaData(await tar.read(entry));
      break;
    case "ignored":
      break;
    case "files":
      throw refusal("header_invalid", `"files" entry found in version 3 artifact`);
    case "foreign":
      throw refusal("header_invalid", `Payload: unsupported file: ${entry.name}`);
  }
}

type PartKind = "type-info" | "meta-data" | "ignored" | "files" | "foreign";

function partKind(path: string, name: string | undefined, type: string | null, version: 2 | 3): PartKind {
  const isRootfs = type === "rootfs-image";
  if (name === "type-info") return version === 2 && isRootfs ? "ignored" : "type-info";
  if (name === "meta-data") return type === null ? "foreign" : "meta-data";
  if (!isRootfs) return "foreign";
  // Version 2 lists its files a second time; the manifest already says which there are.
  if (name === "files") return version === 2 ? "ignored" : "files";
  return /^headers\/[^/]+\/(signatures|checksums|scripts\/[^/]+)\/[^/]+$/.test(path) ? "ignored" : "foreign";
}
