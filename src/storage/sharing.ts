import type { Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { keysOf, sharedLayout, wholeObject, type Segment } from "./layout.ts";
import { ObjectUpload, type StoredObject } from "./objects.ts";
import { addUsage, demandQuota, demandStored, doomObjects, keepObject, objectWithPayload } from "./store.ts";

/** Payloads below this are not worth a second object. */
const MIN_SHARED_BYTES = 64 * 1024;
/** Headers and trailers beyond this mean that the payload is not what takes the space. */
const MAX_SHELL_BYTES = 4 * 1024 * 1024;

/** How the bytes of an artifact lie in the bucket. */
export interface Arrangement {
  layout: Segment[];
  /** Objects of this artifact alone. */
  keep: StoredObject[];
  /** Objects that are not needed any more. */
  drop: string[];
}

export const aloneArrangement = (object: StoredObject): Arrangement => ({
  layout: wholeObject(object.key, object.size),
  keep: [object],
  drop: [],
});

/**
 * If an object in use holds the same payload, only what is around it is stored again. The new object stays until the
 * caller's transaction drops it.
 */
export async function shareObject(
  deps: Deps,
  tenant: TenantId,
  object: StoredObject,
): Promise<Arrangement | undefined> {
  const { payload, key, size } = object;
  if (!payload || payload.size < MIN_SHARED_BYTES || size - payload.size > MAX_SHELL_BYTES) return undefined;
  const found = await deps.db(tenant).one(objectWithPayload(tenant, payload));
  if (!found) return undefined;
  const shell = await ObjectUpload.begin(deps, tenant);
  try {
    const tailOffset = payload.offset + payload.size;
    for (const range of [
      { offset: 0, length: payload.offset },
      { offset: tailOffset, length: size - tailOffset },
    ]) {
      if (range.length > 0) await shell.write(await readRangeOf(deps, key, range));
    }
    const kept = await shell.finish();
    const shared = { key: found.object_key, offset: found.payload_offset };
    return {
      layout: sharedLayout(shell.key, { size, payload }, shared),
      keep: [{ ...kept, payload: undefined }],
      drop: [key],
    };
  } catch (cause) {
    await shell.abandon();
    throw cause;
  }
}

async function readRangeOf(
  deps: Deps,
  key: string,
  range: { offset: number; length: number },
): Promise<Uint8Array> {
  const part = await deps.bucket.get(key, { range });
  if (!part) throw new Error(`object ${key} vanished while it was being arranged`);
  return new Uint8Array(await part.arrayBuffer());
}

/** What the transaction that adds the artifact has to say about its objects; first in the batch. */
export const arrangementStatements = (
  tenant: TenantId,
  { keep, drop, layout }: Arrangement,
  limit: number | null,
): Statement<unknown>[] => [
  ...keep.map((object) => keepObject(tenant, object.key, object)),
  demandStored(tenant, keysOf(layout)),
  doomObjects(tenant, drop),
  addUsage(
    tenant,
    keep.reduce((sum, { size }) => sum + size, 0),
  ),
  ...(limit === null ? [] : [demandQuota(tenant, limit)]),
];

export const arrangedKeys = ({ layout }: Arrangement): string[] => keysOf(layout);
