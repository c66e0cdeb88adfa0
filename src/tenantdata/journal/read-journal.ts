import { z } from "zod";
import type { Deps } from "../../platform/deps.ts";
import type { TenantId } from "../../platform/ids.ts";
import { STORAGE } from "../../platform/limits.ts";
import { unpacked, type Image } from "./lines.ts";
import { afterSegmentsOf, BASE_FILE, baseFolder, basesOf, cutOf, journalFolderOf } from "./object-keys.ts";

/** What a journal has of some time cannot be read, and will not be later. */
export class JournalDamage extends Error {}

/** The images in an object of a journal, in the order in which they count. */
export async function* imagesOf({ bucket }: Pick<Deps, "bucket">, objectKey: string): AsyncGenerator<Image> {
  const object = await bucket.get(objectKey);
  if (!object) throw new JournalDamage(`${objectKey} is not in the bucket`);
  // Read whole, so that what fails afterwards is the object and not the way to it.
  const bytes = new Uint8Array(await object.arrayBuffer());
  try {
    yield* unpacked(new Blob([bytes]).stream());
  } catch (cause) {
    throw new JournalDamage(`${objectKey} is damaged`, { cause });
  }
}

/** Changes that were put into the bucket together. */
export interface Segment {
  key: string;
  /** They are all that were made until then and are in none before; those of one time belong together. */
  cutMs: number;
}

/** Segments after the first time up to the last, in order. */
export async function* segmentsOf(
  { bucket }: Pick<Deps, "bucket">,
  tenant: TenantId,
  fromMs: number,
  toMs: number,
): AsyncGenerator<Segment> {
  const prefix = journalFolderOf(tenant);
  for (let startAfter = afterSegmentsOf(tenant, fromMs); ;) {
    const listed = await bucket.list({ prefix, startAfter, limit: STORAGE.keysAtOnce });
    for (const { key } of listed.objects) {
      const cutMs = cutOf(key);
      if (cutMs === undefined || cutMs > toMs) return;
      yield { key, cutMs };
    }
    const last = listed.objects.at(-1);
    if (!listed.truncated || !last) return;
    startAfter = last.key;
  }
}

const BaseSchema = z.object({
  /** What was changed after this is in segments. */
  begun_ms: z.number(),
  finished_ms: z.number(),
  images: z.number(),
  /** The last migration. */
  schema: z.string(),
});

export type BaseFile = z.output<typeof BaseSchema>;

/** A whole copy of what a journal is about. Later images count where there are several. */
export interface Base {
  begunMs: number;
  finishedMs: number;
  /** What it has at least. */
  images: number;
  /** Keys of its objects. */
  parts: string[];
}

/** Times at which copies were begun, finished or not, the last first. */
export async function basesBegun({ bucket }: Pick<Deps, "bucket">, tenant: TenantId): Promise<number[]> {
  const prefix = basesOf(tenant);
  const begun: number[] = [];
  for (let cursor: string | undefined; ;) {
    const listed = await bucket.list({ prefix, delimiter: "/", ...(cursor !== undefined && { cursor }) });
    begun.push(...listed.delimitedPrefixes.map((folder) => Number.parseInt(folder.slice(prefix.length), 10)));
    if (!listed.truncated) return begun.toReversed();
    cursor = listed.cursor;
  }
}

/** Keys of the objects in a folder. */
async function* keysIn({ bucket }: Pick<Deps, "bucket">, prefix: string): AsyncGenerator<string> {
  for (let cursor: string | undefined; ;) {
    const listed = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    yield* listed.objects.map(({ key }) => key);
    if (!listed.truncated) return;
    cursor = listed.cursor;
  }
}

function baseFileIn(text: string): BaseFile | undefined {
  try {
    return BaseSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** What a copy says of itself; undefined unless it is whole. Where it cannot be read, the copy before it serves as well. */
export async function baseBegunAt(
  { bucket }: Pick<Deps, "bucket">,
  tenant: TenantId,
  begunMs: number,
): Promise<BaseFile | undefined> {
  const file = await bucket.get(`${baseFolder(tenant, begunMs)}${BASE_FILE}`);
  return file ? baseFileIn(await file.text()) : undefined;
}

/** The last whole copy that was finished by this time. */
export async function baseFor(
  deps: Pick<Deps, "bucket">,
  tenant: TenantId,
  toMs: number,
): Promise<Base | undefined> {
  for (const begunMs of await basesBegun(deps, tenant)) {
    if (begunMs > toMs) continue;
    const base = await baseBegunAt(deps, tenant, begunMs);
    if (!base || base.finished_ms > toMs) continue;
    const parts: string[] = [];
    for await (const key of keysIn(deps, baseFolder(tenant, begunMs)))
      if (!key.endsWith(BASE_FILE)) parts.push(key);
    return { begunMs, finishedMs: base.finished_ms, images: base.images, parts };
  }
  return undefined;
}
