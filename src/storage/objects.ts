import { type Duty, inEachDatabase, inPages, inPagesOf } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type TenantId } from "../platform/ids.ts";
import { bytesOf, STORAGE } from "../platform/limits.ts";
import { ObjectWriter } from "./object-writer.ts";
import { PayloadRegion } from "./payload-region.ts";
import {
  addObject,
  doomDeadObjects,
  doomObjects,
  doomedObjects,
  forgetObject,
  knownObjects,
  REMOVAL,
  setMultipart,
  touchObject,
  type DoomedObject,
  type Payload,
} from "./store.ts";

/** How often a long upload says that it is alive, and after what silence it is taken for dead. */
export const HEARTBEAT_MS = 60_000;
export const DEAD_AFTER_MS = 10 * 60_000;

export interface StoredObject {
  key: string;
  size: number;
  payload: Payload | undefined;
}

export const newObjectKey = (tenant: TenantId): string => `${tenant}/${newId()}`;

const givenUp = () => new Fault("conflict", "the upload was given up because it made no progress");

/** The sweep ends what a silent upload had begun in the storage. */
const refuseGivenUp = (cause: unknown): never => {
  throw isUnknownMultipart(cause) ? givenUp() : cause;
};

/**
 * One object on its way into the bucket. Its record exists before the first byte, so that whatever becomes of this
 * process the object is either kept by an artifact or swept.
 */
export class ObjectUpload {
  readonly key: string;
  readonly #deps: Deps;
  readonly #tenant: TenantId;
  readonly #writer: ObjectWriter;
  readonly #region = new PayloadRegion();
  #beatMs: number;

  private constructor(deps: Deps, tenant: TenantId, key: string) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.key = key;
    this.#beatMs = deps.now();
    const onMultipart = async (multipartId: string) => {
      const kept = await deps.db(tenant).one(setMultipart(tenant, key, multipartId));
      if (kept === 0) throw givenUp();
    };
    this.#writer = new ObjectWriter(deps.bucket, key, { onMultipart });
  }

  static async begin(deps: Deps, tenant: TenantId, key = newObjectKey(tenant)): Promise<ObjectUpload> {
    await deps.db(tenant).one(addObject(tenant, key, "writing", deps.now()));
    return new ObjectUpload(deps, tenant, key);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#region.update(chunk);
    await this.#writer.write(chunk).catch(refuseGivenUp);
    const now = this.#deps.now();
    if (now - this.#beatMs < HEARTBEAT_MS) return;
    this.#beatMs = now;
    const alive = await this.#deps.db(this.#tenant).one(touchObject(this.#tenant, this.key, now));
    if (alive === 0) throw givenUp();
  }

  /** Passes the chunks on while storing them. */
  async *tap(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      await this.write(chunk);
      yield chunk;
    }
  }

  async finish(): Promise<StoredObject> {
    const { size } = await this.#writer.finish().catch(refuseGivenUp);
    return { key: this.key, size, payload: this.#region.payload() };
  }

  /** Leaves nothing behind; what cannot be removed now is left to the sweep. */
  async abandon(): Promise<void> {
    await this.#writer.settle();
    await giveUpObjects(this.#deps, this.#tenant, [this.key]);
  }
}

/** Gives up objects that no artifact refers to, and removes them. */
export async function giveUpObjects(deps: Deps, tenant: TenantId, keys: readonly string[]): Promise<void> {
  try {
    const [, known] = await deps.db(tenant).batch([doomObjects(tenant, keys), knownObjects(tenant, keys)]);
    await removeDoomedObjects(deps, tenant);
    // Swept while it was still being sent: then only the bytes can be left.
    const unknown = keys.filter((key) => !known.some(({ object_key }) => object_key === key));
    if (unknown.length > 0) await deps.bucket.delete(unknown);
  } catch (cause) {
    deps.log.error("objects are left to the sweep", { tenant, keys, cause });
  }
}

/** The storage's own code for an upload in parts that was completed or aborted before. */
export const isUnknownMultipart = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.includes("(10024)");

/** Removes the bytes, then the record: a crash between the two only repeats the removal. */
async function removeObject(deps: Deps, object: DoomedObject): Promise<void> {
  if (object.multipart_id !== null) {
    const multipart = deps.bucket.resumeMultipartUpload(object.object_key, object.multipart_id);
    await multipart.abort().catch((cause: unknown) => {
      if (!isUnknownMultipart(cause)) throw cause;
    });
  }
  // No object can have a longer key.
  if (bytesOf(object.object_key) <= STORAGE.keyBytes) await deps.bucket.delete(object.object_key);
  await deps.db(object.tenant_id).one(forgetObject(object.tenant_id, object.object_key));
}

const removal = (deps: Deps): Duty<DoomedObject> => ({
  name: REMOVAL,
  of: ({ tenant_id, object_key }) => ({ tenant: tenant_id, key: object_key }),
  work: (object) => removeObject(deps, object),
});

/** Removes what was given up, of one tenant or of all; what is too much for a run is left to the next. May run twice at once. */
export async function removeDoomedObjects(deps: Deps, tenant?: TenantId): Promise<number> {
  const doomed = (limit: number) => doomedObjects(tenant, deps.now(), limit);
  return tenant === undefined
    ? inPages(deps, removal(deps), (db, limit) => db.one(doomed(limit)))
    : inPagesOf(deps, undefined, removal(deps), (limit) => deps.db(tenant).one(doomed(limit)));
}

/** Ends uploads whose request died before this time, and removes what they left. */
export async function sweepUploads(
  deps: Deps,
  { deadBeforeMs }: { deadBeforeMs: number },
): Promise<{ removed: number }> {
  await inEachDatabase(deps, async ({ db }) => {
    await db.one(doomDeadObjects(deadBeforeMs));
  });
  return { removed: await removeDoomedObjects(deps) };
}
