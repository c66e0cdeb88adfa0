import { ChunkSource, skipRest, StreamFault } from "./bytes.ts";
import { type Described, describeArtifact } from "./describe.ts";
import {
  type ArtifactFault,
  ArtifactRefusal,
  plainRefusal,
  refusal,
  streamReason,
  within,
} from "./faults.ts";
import { type PayloadPath, payloadPaths } from "./manifest.ts";
import { type PayloadFiles, readPayloadArchive } from "./payload-archive.ts";
import { type Headers, readHeaders } from "./structure.ts";
import { TarReader } from "./tar.ts";
import { UnpackBudget, type UnpackLimits } from "./unpack-budget.ts";
import { readVersion } from "./version.ts";

export type { ArtifactUpdate } from "./describe.ts";
export type { ArtifactFault } from "./faults.ts";

export type ArtifactDescription = Described & {
  format: "mender";
  version: 2 | 3;
  /** There is a signature; nobody has verified it. */
  signed: boolean;
  /** There are files that the manifest, and so the signature, says nothing about. */
  augmented: boolean;
  /** Bytes of the whole file, with those after the end of the archive. */
  size: number;
  manifest: string;
  signature: string | null;
};

export type ReadOptions = {
  /** The largest file that is taken. */
  maxBytes?: number;
  /** The size the sender announced; both less and more is a fault. */
  expectedSize?: number;
  unpackLimits?: UnpackLimits;
};

export type ReadResult = { ok: true; artifact: ArtifactDescription } | { ok: false; fault: ArtifactFault };

/** Zeros pack a thousandfold; beyond the allowance only what real images reach is unpacked. */
const UNPACK_LIMITS: UnpackLimits = { allowanceBytes: 64 * 1024 ** 2, ratio: 100 };

const DATA_NAME = /^data\/([0-9]{4})\.tar(\.gz|\.xz|\.zst)?$/;
const TOO_LARGE = "Artifact file too large";

/**
 * Reads and verifies an artifact in constant memory. What is wrong with the artifact is a
 * result; an error of `source` itself is thrown. The source is closed in every case.
 */
export async function readArtifact(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<ReadResult> {
  const { maxBytes = Number.MAX_SAFE_INTEGER, expectedSize = maxBytes } = options;
  const input = new ChunkSource(source, Math.min(maxBytes, expectedSize));
  try {
    if (expectedSize > maxBytes) throw plainRefusal("too_large", TOO_LARGE);
    const content = await readContent(input, new UnpackBudget(options.unpackLimits ?? UNPACK_LIMITS));
    await readTrailer(input, options.expectedSize);
    return { ok: true, artifact: { format: "mender", ...content, size: input.bytesRead } };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === null) throw error;
    const isOverMaximum = fault.reason === "size_exceeded" && maxBytes <= expectedSize;
    return { ok: false, fault: isOverMaximum ? { reason: "too_large", message: TOO_LARGE } : fault };
  } finally {
    await input.close();
  }
}

function faultOf(error: unknown): ArtifactFault | null {
  if (error instanceof ArtifactRefusal) return error.fault;
  if (error instanceof StreamFault) return refusal(streamReason(error), error.message).fault;
  return null;
}

async function readContent(
  input: ChunkSource,
  budget: UnpackBudget,
): Promise<Omit<ArtifactDescription, "size" | "format">> {
  const outer = new TarReader(input, budget.pace);
  const { version, bytes } = await readVersion(outer);
  const headers = await readHeaders(outer, version, bytes, budget);
  const files = assignFiles(headers);
  await readPayloads(outer, headers, files, budget);
  const { header, augment, manifestText, signature } = headers;
  return {
    version,
    signed: signature !== null,
    augmented: augment !== null,
    ...describeArtifact(version, header, augment, files),
    manifest: manifestText,
    signature,
  };
}

function assignFiles({ header, originalPaths, augmentedPaths, augment }: Headers): PayloadFiles[] {
  const types = header.info.payloadTypes;
  const original = payloadPaths(originalPaths, types.length);
  const augmented = payloadPaths(augmentedPaths, types.length);
  return types.map((type, index) => {
    const files: PayloadFiles = {
      original: namesOf(original, index),
      augmented: namesOf(augmented, index),
      found: new Map(),
    };
    const finalType = augment?.info.payloadTypes[index] || type;
    const count = files.original.size + files.augmented.size;
    if (finalType === "rootfs-image" && count !== 1) {
      throw refusal("payload_invalid", "Rootfs: Must provide exactly one update file");
    }
    // A bootstrap artifact has no files, so none of what it lists can be found in it.
    return type === null ? { ...files, original: new Set(), augmented: new Set() } : files;
  });
}

const namesOf = (paths: PayloadPath[], index: number): Set<string> =>
  new Set(paths.filter((path) => path.index === index).map(({ fileName }) => fileName));

async function readPayloads(
  outer: TarReader,
  { manifest }: Headers,
  files: PayloadFiles[],
  budget: UnpackBudget,
): Promise<void> {
  for (;;) {
    const entry = await within(
      (cause) => `reader: error reading Payload file: [<nil>]: reader: error reading archive: ${cause}`,
      () => outer.next(),
    );
    if (entry === null) break;
    const digits = DATA_NAME.exec(entry.name)?.[1];
    if (digits === undefined) {
      throw refusal("structure_invalid", `reader: invalid data file name: ${entry.name}`);
    }
    const payload = files[Number(digits)];
    if (payload === undefined) {
      throw refusal("structure_invalid", `reader: can not find parser for parsing data file [${entry.name}]`);
    }
    await readPayloadArchive(entry, `data/${digits}`, payload, manifest, budget);
  }
  const unseen = manifest.unseen();
  if (unseen.length > 0) {
    throw refusal(
      "file_missing",
      `Files found in manifest(s), that were not part of artifact: ${unseen.join(", ")}`,
    );
  }
}

/** Bytes behind the archive belong to the file, but mean nothing. */
async function readTrailer(input: ChunkSource, expectedSize: number | undefined): Promise<void> {
  try {
    await skipRest(input);
  } catch (error) {
    if (error instanceof StreamFault) throw plainRefusal("too_large", TOO_LARGE);
    throw error;
  }
  if (expectedSize !== undefined && input.bytesRead < expectedSize) {
    throw plainRefusal("size_short", "unexpected EOF");
  }
}
