import type { Deps } from "./deps.ts";
import { refusedTarget } from "./outgoing.ts";

const TIMEOUT_MS = 10_000;

/** Why nothing was fetched; the words are for whoever named the address. */
export class NotFetched extends Error {
  override readonly name = "NotFetched";
}

/** The body up to so many bytes; more is no answer. */
async function readWithin(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw new NotFetched("the answer is too large");
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * Asks an address that a tenant named, and has the whole answer, of bounded size, in bounded time. Redirects are not
 * followed: they could lead where the address itself may not.
 */
export async function askOutside(
  { settings, origin, log }: Deps,
  address: string,
  request: RequestInit,
  maxBytes: number,
): Promise<Response> {
  const refusal = refusedTarget(address, { local: settings.LOCAL, ownOrigin: origin });
  if (refusal !== undefined) throw new NotFetched(refusal);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(address, { ...request, redirect: "manual", signal });
    const body = await readWithin(response, maxBytes);
    const hasNone = [101, 204, 205, 304].includes(response.status);
    return new Response(hasNone ? null : body, { status: response.status, headers: response.headers });
  } catch (cause) {
    if (cause instanceof NotFetched) throw cause;
    log.info("no answer from outside", { host: new URL(address).host, cause });
    throw new NotFetched("there is no answer", { cause });
  }
}
