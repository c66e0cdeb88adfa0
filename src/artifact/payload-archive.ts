import { createHash } from "node:crypto";
import { type ByteSource, skipRest } from "./bytes.ts";
import { decoder, encodingOf } from "./decompress.ts";
import { checksumRefusal, refusal, within } from "./faults.ts";
import type { Manifest } from "./manifest.ts";
import { type TarEntry, TarReader } from "./tar.ts";
import type { UnpackBudget } from "./unpack-budget.ts";

export type FoundFile = { size: number; checksum: string; modifiedSeconds: number };

/** The names the manifests list for one payload, and what was found of them. */
export type PayloadFiles = {
  original: ReadonlySet<string>;
  augmented: ReadonlySet<string>;
  found: Map<string, FoundFile>;
};

const FILE_NAME = /^[\w\-.,]+$/;

/** What a payload file may be called; longer names do not fit the path limit of the devices. */
export const isPayloadFileName = (name: string): boolean => FILE_NAME.test(name);

/** Reads one `data/NNNN.tar` and holds every file in it against its checksum. */
export async function readPayloadArchive(
  entry: TarEntry,
  directory: string,
  files: PayloadFiles,
  manifest: Manifest,
  budget: UnpackBudget,
): Promise<void> {
  const source = decoder(encodingOf(entry.name), entry.body, budget);
  try {
    const tar = new TarReader(source, budget.pace);
    for (let file = await next(tar); file !== null; file = await next(tar)) {
      await readFile(file, directory, files, manifest);
    }
    // What stands behind the archive means nothing, but has to be packed as it should.
    await within(atFileStart, () => skipRest(source));
  } finally {
    await source.close();
  }
}

const atFileStart = (cause: string): string => `Payload: error reading Artifact file header: ${cause}`;

const next = (tar: TarReader): Promise<TarEntry | null> => within(atFileStart, () => tar.next());

async function readFile(
  file: TarEntry,
  directory: string,
  files: PayloadFiles,
  manifest: Manifest,
): Promise<void> {
  const { name } = file;
  if (!files.original.has(name) && !files.augmented.has(name)) {
    throw refusal("file_not_listed", `Payload: can not find data file: ${name}`);
  }
  if (!isPayloadFileName(name)) throw refusal("payload_invalid", forbiddenCharacters(name));
  if (file.kind !== "file") {
    throw refusal("payload_invalid", `Payload: data file ${name} is not a regular file`);
  }
  const checksum = await within(
    (cause) => `Payload: can not install Payload: ${name}: ${cause}`,
    () => sha256Of(file.body),
  );
  const expected = manifest.expect(`${directory}/${name}`) ?? "";
  if (expected !== checksum) throw checksumRefusal(expected, checksum);
  files.found.set(name, { size: file.size, checksum, modifiedSeconds: file.modifiedSeconds });
}

const forbiddenCharacters = (name: string): string =>
  `Payload: data file ${name} contains forbidden characters. ` +
  'Only letters, digits and characters in the set ".,_-" are allowed';

async function sha256Of(body: ByteSource): Promise<string> {
  const hash = createHash("sha256");
  while (await body.fill()) hash.update(body.take(Number.MAX_SAFE_INTEGER));
  return hash.digest("hex");
}
