import { CompactSign, compactVerify } from "jose";
import type { TenantId } from "../platform/ids.ts";
import type { Keys } from "../platform/keys.ts";

/** How far the log of a tenant is sealed, and what it begins with: what the installation signs. */
export interface Head {
  tenant: TenantId;
  /** The last sealed entry, and its hash. */
  position: number;
  hash: string;
  /** When the first entry with a place was made, and how many older ones there were without. */
  begunMs: number;
  unchained: number;
  /** The last entry that was removed because of its age, and its hash. */
  anchorPosition: number;
  anchorHash: string;
}

/** Tells it from the tokens that the same key signs. */
const TYPE = "edgemend-audit-head";

const textOf = (head: Head): string =>
  JSON.stringify([
    head.tenant,
    head.position,
    head.hash,
    head.begunMs,
    head.unchained,
    head.anchorPosition,
    head.anchorHash,
  ]);

export const signHead = (keys: Keys, head: Head): Promise<string> =>
  new CompactSign(new TextEncoder().encode(textOf(head)))
    .setProtectedHeader({ alg: keys.algorithm, typ: TYPE })
    .sign(keys.sign);

/** What was signed; undefined if this installation did not. */
async function signedText(keys: Keys, signature: string): Promise<string | undefined> {
  for (const { algorithm, key } of keys.verify) {
    try {
      const { payload, protectedHeader } = await compactVerify(signature, key, { algorithms: [algorithm] });
      return protectedHeader.typ === TYPE ? new TextDecoder().decode(payload) : undefined;
    } catch {
      // perhaps by the other key
    }
  }
  return undefined;
}

/** True if the installation signed just this. */
export const isSigned = async (keys: Keys, head: Head, signature: string): Promise<boolean> =>
  (await signedText(keys, signature)) === textOf(head);

/** Place and hash of a head that the installation signed for the tenant; undefined if it did not. */
export async function signedPlace(
  keys: Keys,
  tenant: TenantId,
  signature: string,
): Promise<{ position: number; hash: string } | undefined> {
  const text = await signedText(keys, signature);
  if (text === undefined) return undefined;
  const [of, position, hash] = JSON.parse(text) as [string, number, string]; // as `textOf` wrote it
  return of === tenant ? { position, hash } : undefined;
}
