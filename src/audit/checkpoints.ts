import type { Deps } from "../platform/deps.ts";
import type { TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { signedPlace, type Head } from "./head.ts";

/** Where the signed heads of a tenant are kept; their names are in the order of their places. */
export const folderOf = (tenant: TenantId): string => `audit/${tenant}/`;

const DIGITS = String(Number.MAX_SAFE_INTEGER).length;

const keyOf = (tenant: TenantId, position: number): string =>
  folderOf(tenant) + String(position).padStart(DIGITS, "0");

/** A signed head, kept where whoever can change the database cannot. Beside the bytes, so that a listing brings it. */
export const storeCheckpoint = (deps: Deps, head: Head, signature: string): Promise<unknown> =>
  deps.bucket.put(keyOf(head.tenant, head.position), signature, { customMetadata: { signature } });

export interface Checkpoint {
  /** By its name. */
  position: number;
  /** What was signed; undefined if it was not, or for another place. */
  hash: string | undefined;
}

/** Checkpoints after a place up to another, as many as one listing brings: more than a page of entries has. */
export async function checkpointsBetween(
  deps: Deps,
  tenant: TenantId,
  after: number,
  upTo: number,
): Promise<Checkpoint[]> {
  const listed = await deps.bucket.list({
    prefix: folderOf(tenant),
    startAfter: keyOf(tenant, after),
    limit: STORAGE.keysAtOnce,
    include: ["customMetadata"],
  });
  const found: Checkpoint[] = [];
  for (const { key, customMetadata } of listed.objects) {
    const position = Number(key.slice(folderOf(tenant).length));
    if (position > upTo) break;
    const signed = await signedPlace(deps.keys, tenant, customMetadata?.signature ?? "");
    found.push({ position, hash: signed?.position === position ? signed.hash : undefined });
  }
  return found;
}

/** Removes some of the checkpoints of what is gone because of its age. */
export async function forgetCheckpoints(deps: Deps, tenant: TenantId, upTo: number): Promise<void> {
  const listed = await deps.bucket.list({ prefix: folderOf(tenant), limit: STORAGE.keysAtOnce });
  const old = listed.objects.filter(({ key }) => key <= keyOf(tenant, upTo));
  if (old.length > 0) await deps.bucket.delete(old.map(({ key }) => key));
}
