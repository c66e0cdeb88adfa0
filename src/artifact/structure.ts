import { createHash } from "node:crypto";
import { decodeText, observed, readRest, skipRest } from "./bytes.ts";
import { encodingOf } from "./decompress.ts";
import { ArtifactRefusal, checksumRefusal, refusal, within } from "./faults.ts";
import { cutHeader, type HeaderArchive, readHeaderArchive } from "./header-archive.ts";
import type { HeaderKind } from "./header-info.ts";
import { Manifest } from "./manifest.ts";
import type { TarEntry, TarReader } from "./tar.ts";
import type { UnpackBudget } from "./unpack-budget.ts";

const MAX_TEXT_ENTRY_BYTES = 1024 * 1024;
/** Room for 10,000 lines with names of a hundred characters. */
const MAX_MANIFEST_BYTES = 2 * 1024 * 1024;

/** Everything before the payloads. */
export type Headers = {
  manifest: Manifest;
  manifestText: string;
  originalPaths: string[];
  augmentedPaths: string[];
  signature: string | null;
  header: HeaderArchive;
  augment: HeaderArchive | null;
};

const HEADER_NAME = /^header\.tar(\.gz|\.xz|\.zst)?$/;
const isHeader = (name: string): boolean => HEADER_NAME.test(name);

/** Reads the entries between `version` and the payloads, in the one order they may have. */
export async function readHeaders(
  outer: TarReader,
  version: 2 | 3,
  versionBytes: Uint8Array,
  budget: UnpackBudget,
): Promise<Headers> {
  const next = inOrder(outer);
  const manifest = new Manifest();
  const manifestBytes = await readManifest(await next((name) => name === "manifest"));
  const originalPaths = manifest.addLines(manifestBytes);
  checkDigest(manifest, "version", sha256(versionBytes));
  let augmentedPaths: string[] | null = null;
  let signature: string | null = null;

  const mayAugment = (name: string) => version === 3 && name === "manifest-augment";
  let entry = await next((name) => name === "manifest.sig" || mayAugment(name) || isHeader(name));
  if (entry.name === "manifest.sig") {
    signature = decodeText(await readSignature(entry));
    entry = await next((name) => mayAugment(name) || isHeader(name));
  }
  if (entry.name === "manifest-augment") {
    augmentedPaths = manifest.addLines(await readManifest(entry));
    entry = await next(isHeader);
  }
  const open = { manifest, version, budget };
  const header = await readHeader(entry, open, "original");
  const augmentName = entry.name.replace("header", "header-augment");
  const augment =
    augmentedPaths === null
      ? null
      : await readHeader(await next((name) => name === augmentName), open, "augmented");
  return {
    manifest,
    manifestText: decodeText(manifestBytes),
    originalPaths,
    augmentedPaths: augmentedPaths ?? [],
    signature,
    header,
    augment,
  };
}

type NextEntry = (isAllowed: (name: string) => boolean) => Promise<TarEntry>;

function inOrder(outer: TarReader): NextEntry {
  const seen: string[] = [];
  return async (isAllowed) => {
    const entry = await within(
      (cause) => `readHeaderV3: ${cause}`,
      () => outer.next(),
    );
    if (entry === null) {
      throw refusal("structure_invalid", "The artifact does not contain all required fields");
    }
    seen.push(entry.name);
    if (!isAllowed(entry.name)) {
      throw refusal(
        "structure_invalid",
        `Invalid structure: [${seen.join(" ")}], wrong element: ${entry.name}`,
      );
    }
    return entry;
  };
}

function readManifest(entry: TarEntry): Promise<Uint8Array> {
  return within(
    (cause) => `readHeaderV3: readHeaderV3: Failed to copy to the byte buffer, from the tar reader: ${cause}`,
    () => readRest(entry.body, MAX_MANIFEST_BYTES),
  );
}

function readSignature(entry: TarEntry): Promise<Uint8Array> {
  return within(
    (cause) => `readHeaderV3: reader: can not read signature file: ${cause}`,
    () => readRest(entry.body, MAX_TEXT_ENTRY_BYTES),
  );
}

/**
 * A wrong checksum is told before anything that is wrong inside: the content is what somebody
 * broke, not what somebody wrote.
 */
async function readHeader(
  entry: TarEntry,
  { manifest, version, budget }: { manifest: Manifest; version: 2 | 3; budget: UnpackBudget },
  kind: HeaderKind,
): Promise<HeaderArchive> {
  if (!manifest.has(entry.name)) throw missingChecksum(entry.name);
  const hash = createHash("sha256");
  const packed = observed(entry.body, (bytes) => hash.update(bytes));
  const outcome = await readHeaderArchive(packed, encodingOf(entry.name), { version, kind, budget }).catch(
    (error: unknown) => {
      if (error instanceof ArtifactRefusal) return error;
      throw error;
    },
  );
  await within(cutHeader, () => skipRest(packed));
  checkDigest(manifest, entry.name, hash.digest("hex"));
  if (outcome instanceof ArtifactRefusal) throw outcome;
  return outcome;
}

function checkDigest(manifest: Manifest, path: string, actual: string): void {
  const expected = manifest.expect(path);
  if (expected === null) throw missingChecksum(path);
  if (expected !== actual) throw checksumRefusal(expected, actual);
}

const missingChecksum = (path: string): ArtifactRefusal =>
  refusal("checksum_missing", `readHeaderV3: checksum: checksum missing for file: '${path}'`);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
