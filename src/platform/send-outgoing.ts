import { decodeText, joinBytes } from "../artifact/bytes.ts";
import type { Deps } from "./deps.ts";
import { refusedTarget } from "./outgoing.ts";

/** A request that leaves this server because a user or an operator asked for it. */
export interface OutgoingRequest {
  uri: string;
  method: string;
  headers: Headers;
  body: string | null;
}

/** What is read of an answer; the rest is left where it is. */
export interface OutgoingAnswer {
  status: number;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
  text: string;
}

export interface SendingOptions {
  /** For everything: redirects, the answer and what is read of it. */
  timeoutMs: number;
  /** How much of the answer is read; its beginning unless said. */
  answerBytes?: number;
  /** How many redirects within the host are followed; none unless said. */
  redirects?: number;
}

/** Users see no more of an answer. */
export const SHOWN_ANSWER_BYTES = 1024;

/** The address is none to call, which no other try can change. */
export class TargetRefused extends Error {
  override readonly name = "TargetRefused";
}

type Around = Pick<Deps, "settings" | "origin">;

/** Why a request of this deployment must not go to an address; undefined if it may. */
export const refusedHere = ({ settings, origin }: Around, address: string): string | undefined =>
  refusedTarget(address, {
    local: settings.LOCAL,
    plain: settings.OUTGOING_HTTP === "allow",
    ownOrigin: origin,
  });

/**
 * Sends a request by the rules for all that leave: to public addresses only, also after a redirect, within a time, and
 * reading no more than a beginning. Rejects with `TargetRefused`, or with what kept an answer from coming.
 */
export async function sendOutgoing(
  deps: Around,
  first: OutgoingRequest,
  { timeoutMs, answerBytes = SHOWN_ANSWER_BYTES, redirects = 0 }: SendingOptions,
): Promise<OutgoingAnswer> {
  const refusal = refusedHere(deps, first.uri);
  if (refusal !== undefined) throw new TargetRefused(refusal);
  const signal = AbortSignal.timeout(timeoutMs);
  let request = withoutLogin(first);
  for (let hop = 0; ; hop++) {
    const { uri, method, headers, body } = request;
    // The only place where a request leaves that somebody has asked for.
    // oxlint-disable-next-line house/outgoing
    const response = await fetch(uri, { method, headers, body, signal, redirect: "manual" });
    const next = hop < redirects ? redirected(deps, request, response) : undefined;
    if (!next) {
      const { status, headers } = response;
      const bytes = await beginningOf(response, answerBytes, signal);
      return { status, headers, bytes, text: decodeText(bytes) };
    }
    await response.body?.cancel();
    request = next;
  }
}

/** A name and a password in an address are told by a header, since the platform would leave them out. */
function withoutLogin(request: OutgoingRequest): OutgoingRequest {
  const url = new URL(request.uri);
  if (url.username === "" && url.password === "") return request;
  const headers = new Headers(request.headers);
  const login = `${decodedPart(url.username)}:${decodedPart(url.password)}`;
  if (!headers.has("Authorization"))
    headers.set("Authorization", `Basic ${Buffer.from(login).toString("base64")}`);
  [url.username, url.password] = ["", ""];
  return { ...request, uri: url.href, headers };
}

function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The request that follows a redirect; what was addressed to one host is never sent to another. */
function redirected(deps: Around, request: OutgoingRequest, response: Response): OutgoingRequest | undefined {
  const location = response.headers.get("location");
  if (response.status < 300 || response.status > 399 || !location) return undefined;
  if (!URL.canParse(location, request.uri)) return undefined;
  const next = new URL(location, request.uri);
  if (next.origin !== new URL(request.uri).origin || refusedHere(deps, next.href)) return undefined;
  const keeps = response.status === 307 || response.status === 308;
  return keeps ? { ...request, uri: next.href } : { ...request, uri: next.href, method: "GET", body: null };
}

/** A body that goes on for ever ends here after so many bytes, one that does not come with the time. */
async function beginningOf(
  { body }: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!body) return new Uint8Array();
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>; // bodies are bytes
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  const parts: Uint8Array[] = [];
  let room = maxBytes;
  try {
    while (room > 0) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      const part = value.subarray(0, room);
      room -= part.length;
      parts.push(part);
    }
  } catch (cause) {
    // The platform ends a body whose time is over with an error of its own.
    signal.throwIfAborted();
    throw cause;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  return new Uint8Array(joinBytes(parts));
}
