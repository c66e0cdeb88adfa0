import { askHead } from "../checkin/index.ts";
import { asksByBody, asksByQuery } from "../deployments/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import { noCost } from "../platform/database.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { loadKeys } from "../platform/keys.ts";
import { bareRefusal } from "../platform/app.ts";
import { MIN_WINDOW_BYTES, type Clock } from "../platform/body-rate.ts";
import { Fault } from "../platform/fault.ts";
import type { Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";
import { verifyToken } from "../platform/tokens.ts";
import { deviceClaimFrom, verifiedClaims } from "../platform/access.ts";
import { credentialsOf } from "../platform/authorization.ts";
import { parseKeptJson } from "../platform/json.ts";
import { parsedBodies } from "../platform/wire.ts";
import { costHeaders } from "./cost.ts";
import { hasWholeBody, readSmall, sharesOfDevice } from "./body.ts";
import { callsOf, tooManyRequests, waitOf } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";

/**
 * The hot path: a well-formed check of a device with a valid token and nothing to do is answered here, from the
 * tenant's digest and without the database. Everything else goes on to the routes, which know every other answer.
 */

/** Whether a request to this address can be a check. */
export const isCheck = (url: string): boolean => ASKING.test(url);

const ASKING = /^https?:\/\/[^/]+\/api\/devices\/v[12]\/deployments\/device\/deployments\/next(\?|$)/;

/** The answer to an idle check, or the request to go on with. */
export async function answerIdleCheck(
  request: Request,
  env: Env,
  { now, later }: { now: () => number; later: Later },
): Promise<Response | Request> {
  const nowMs = now();
  const claim = await claimOf(request, env, nowMs);
  if (!claim) return request;
  const waitMs = waitOf(env, claim, request, nowMs);
  if (waitMs > 0) return tooMany(waitMs, request);
  const body = await smallJson(request, env, claim, { now, after: later.after });
  if (body instanceof Fault) return bareRefusal(body, requestIdOf(request.headers));
  const json = body === undefined ? undefined : jsonOf(body);
  const checked = isWellFormed(request, json)
    ? await ask(env, claim, nowMs, later)
    : { isIdle: false, headCalls: 0 };
  if (checked.isIdle) return idleAnswer(request, env, checked.headCalls);
  const onward = body === undefined ? request : readAgain(request, body);
  callsOf.set(onward, checked.headCalls);
  verifiedClaims.set(onward, claim);
  if (json) parsedBodies.set(onward, json);
  return onward;
}

const tooMany = (waitMs: number, { headers }: Request): Response =>
  bareRefusal(tooManyRequests(waitMs), requestIdOf(headers));

function idleAnswer(request: Request, env: Env, headCalls: number): Response {
  const { STEERED_POLL_S, LOCAL } = settingsOf(env);
  if (STEERED_POLL_S > 0) return tooMany(STEERED_POLL_S * 1000, request);
  const cost = LOCAL ? costHeaders({ ...noCost(), objectCalls: headCalls }) : {};
  return new Response(null, {
    status: 204,
    headers: { "X-MEN-RequestID": requestIdOf(request.headers), ...cost },
  });
}

/** Without the head the database is asked. */
async function ask(env: Env, claim: DeviceClaim, nowMs: number, later: Later) {
  try {
    const { verdict, headCalls } = await askHead(env, claim, nowMs, later);
    return { isIdle: verdict === "idle", headCalls };
  } catch (cause) {
    makeLog({ tenant: claim.tenant }).error("head not reached", { cause });
    return { isIdle: false, headCalls: 1 };
  }
}

async function claimOf(request: Request, env: Env, nowMs: number): Promise<DeviceClaim | undefined> {
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

/** The body of a check by body; undefined, and the request not touched, for everything else. */
async function smallJson(
  request: Request,
  env: Env,
  claim: DeviceClaim,
  clock: Clock,
): Promise<string | Fault | undefined> {
  const { method, headers, body } = request;
  if (method !== "POST" || !body) return undefined;
  const length = Number(headers.get("content-length") ?? Number.NaN);
  const isJson = headers.get("content-type")?.startsWith("application/json") ?? false;
  if (!isJson || !(length < MIN_WINDOW_BYTES)) return undefined;
  try {
    return await readSmall(request.text(), env, clock, () => sharesOfDevice(claim));
  } catch (cause) {
    if (cause instanceof Fault) return cause;
    throw cause;
  }
}

/** The value of a body; undefined for one that is no JSON, of which the routes say why. */
function jsonOf(body: string): { value: unknown } | undefined {
  try {
    return { value: parseKeptJson(body) };
  } catch {
    return undefined;
  }
}

/** Whether the routes would take the check. */
function isWellFormed(request: Request, json: { value: unknown } | undefined): boolean {
  if (json) return asksByBody(json.value, request.url.includes("/api/devices/v2/") ? "v2" : "v1");
  return request.method === "GET" && asksByQuery(request);
}

/** The same request with its body to be read once more. */
function readAgain({ url, method, headers }: Request, body: string): Request {
  const again = new Request(url, { method, headers, body });
  hasWholeBody.add(again);
  return again;
}
