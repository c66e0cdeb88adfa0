import type { Deps } from "../platform/deps.ts";
import { readAuthRequest, type AuthRequest } from "./auth-request.ts";
import { tokenOfKnown } from "./authenticate.ts";
import { isSignedBy } from "./device-key.ts";

/** Requests that were read, and whose signature was found to hold, before the routes; no head knew them. */
export const readBefore = new WeakMap<Request, AuthRequest>();

/**
 * A token for a device that was let in before, as its head knows; or the request, if it is one. Of what is wrong with it, the
 * routes tell.
 */
export async function knownDevice(
  deps: Deps,
  body: Uint8Array,
  signature: string,
): Promise<{ token?: string | undefined; request?: AuthRequest }> {
  const request = readOr(body);
  if (!request || !isSignedBy(request.key, body, signature)) return {};
  return { token: await tokenOfKnown(deps, request), request };
}

function readOr(body: Uint8Array): AuthRequest | undefined {
  try {
    return readAuthRequest(body);
  } catch {
    return undefined;
  }
}
