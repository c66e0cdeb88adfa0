import { decodeText } from "../artifact/bytes.ts";
import type { Deps } from "./deps.ts";
import { sendOutgoing, TargetRefused } from "./send-outgoing.ts";

const TIMEOUT_MS = 10_000;

/** Why nothing was fetched; the words are for whoever named the address. */
export class NotFetched extends Error {
  override readonly name = "NotFetched";
}

/** Statuses of answers that cannot have a body. */
const BARE = [101, 204, 205, 304];

/**
 * Asks an address that a tenant named, and has the whole answer, of bounded size, in bounded time. Redirects are not
 * followed: they could lead where the address itself may not.
 */
export async function askOutside(
  deps: Pick<Deps, "settings" | "origin" | "log">,
  address: string,
  request: RequestInit,
  maxBytes: number,
): Promise<Response> {
  try {
    // Only turns whatever forms a header and a body have into one.
    const { method, headers, body } = new Request("https://unused.invalid", request);
    const text = body ? decodeText(new Uint8Array(await new Response(body).arrayBuffer())) : null;
    const outgoing = { uri: address, method, headers, body: text };
    const answer = await sendOutgoing(deps, outgoing, { timeoutMs: TIMEOUT_MS, answerBytes: maxBytes + 1 });
    if (answer.bytes.length > maxBytes) throw new NotFetched("the answer is too large");
    const { status } = answer;
    return new Response(BARE.includes(status) ? null : answer.bytes, { status, headers: answer.headers });
  } catch (cause) {
    if (cause instanceof NotFetched) throw cause;
    if (cause instanceof TargetRefused) throw new NotFetched(cause.message, { cause });
    const host = URL.canParse(address) ? new URL(address).host : "";
    deps.log.info("no answer from outside", { host, cause });
    throw new NotFetched("there is no answer", { cause });
  }
}
