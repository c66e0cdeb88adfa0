import type { DeviceClaim } from "../platform/actor.ts";
import { bareRefusal } from "../platform/app.ts";
import { credentialsOf } from "../platform/authorization.ts";
import { deviceClaimFrom, verifiedClaims } from "../platform/access.ts";
import { MIN_WINDOW_BYTES, type Clock } from "../platform/body-rate.ts";
import type { DatabaseCost } from "../platform/database.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { loadKeys } from "../platform/keys.ts";
import type { Later } from "../platform/later.ts";
import { verifyToken } from "../platform/tokens.ts";
import { hasWholeBody, readSmall } from "./body.ts";
import { costHeaders } from "./cost.ts";
import { callsOf, tooManyRequests, waitOf } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";
import type { Share } from "./waiting-bodies.ts";

/** What requests of devices have in common that are answered before the routes, and what these need not do again. */

export interface Moment {
  now: () => number;
  later: Later;
  /** Where the request comes from. */
  network: () => Promise<string | undefined>;
}

/** Whose request it is; undefined for a token that does not hold, about which the routes have their say. */
export async function claimOf(request: Request, env: Env, nowMs: number): Promise<DeviceClaim | undefined> {
  const token = credentialsOf("bearer", request.headers.get("authorization"));
  if (token === undefined) return undefined;
  try {
    settingsOf(env);
    const keys = await loadKeys(env.SIGNING_KEY, env.SIGNING_KEY_FALLBACK);
    const verified = await verifyToken(keys, token, nowMs);
    return verified.ok ? deviceClaimFrom(verified.claims) : undefined;
  } catch {
    return undefined; // not configured, or wrongly: the routes refuse to serve and the log says why
  }
}

/** The refusal of a device that comes too often. */
export function heldBack(
  request: Request,
  env: Env,
  claim: DeviceClaim,
  nowMs: number,
): Response | undefined {
  const waitMs = waitOf(env, claim, request, nowMs);
  return waitMs > 0 ? tooMany(waitMs, request) : undefined;
}

export const tooMany = (waitMs: number, { headers }: Request): Response =>
  bareRefusal(tooManyRequests(waitMs), requestIdOf(headers));

const JSON_TYPE = /^application\/json *(;|$)/;

/** A small JSON body; undefined, and the request not touched, for every other. A fault if it does not come. */
export async function smallJson(
  request: Request,
  env: Env,
  clock: Clock,
  shares: () => readonly Share[],
): Promise<Uint8Array<ArrayBuffer> | Fault | undefined> {
  const { headers, body } = request;
  if (!body) return undefined;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  const isJson = JSON_TYPE.test(headers.get("content-type") ?? "");
  if (!isJson || !(length < MIN_WINDOW_BYTES)) return undefined;
  try {
    return new Uint8Array(await readSmall(request.arrayBuffer(), env, clock, shares));
  } catch (cause) {
    if (cause instanceof Fault) return cause;
    throw cause;
  }
}

/** An answer without the routes. What it cost is told where a test or a bench asks. */
export function answer(
  request: Request,
  env: Env,
  { status, cost, token }: { status: 200 | 204; cost: DatabaseCost; token?: string },
): Response {
  return new Response(token ?? null, {
    status,
    headers: {
      "X-MEN-RequestID": requestIdOf(request.headers),
      ...(token !== undefined && { "Content-Type": "application/jwt" }),
      ...(settingsOf(env).LOCAL && costHeaders(cost)),
    },
  });
}

/** The request for the routes, which know its caller and what calling the head cost. */
export function onward(
  request: Request,
  claim: DeviceClaim,
  { body, headCalls }: { body: Uint8Array<ArrayBuffer> | undefined; headCalls: number },
): Request {
  const same = body === undefined ? request : readAgain(request, body);
  callsOf.set(same, headCalls);
  verifiedClaims.set(same, claim);
  return same;
}

/** The same request, from the same client, with its body to be read once more. */
export function readAgain({ url, method, headers, cf }: Request, body: Uint8Array<ArrayBuffer>): Request {
  const from = cf as RequestInitCfProperties | undefined; // what the platform told of the client, and takes as told
  const again = new Request(url, { method, headers, body, ...(from && { cf: from }) });
  hasWholeBody.add(again);
  return again;
}
