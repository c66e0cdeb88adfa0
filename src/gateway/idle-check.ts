import { askHead } from "../checkin/service.ts";
import { asksByBody, asksByQuery } from "../deployments/service.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import { noCost } from "../platform/database.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { loadKeys } from "../platform/keys.ts";
import { makeLog } from "../platform/log.ts";
import { verifyToken } from "../platform/tokens.ts";
import { deviceClaimFrom } from "./access.ts";
import { costHeaders } from "./cost.ts";
import { callsOf, tooMany, waitOf } from "./herd.ts";
import { requestIdOf } from "./request-id.ts";

/**
 * The hot path: a well-formed check of a device with a valid token and nothing to do is answered here, from the
 * tenant's digest and without the database. Everything else goes on to the routes, which know every other answer.
 */

/** Whether a request to this address can be a check. */
export const isCheck = (url: string): boolean => ASKING.test(url);

const ASKING = /^https?:\/\/[^/]+\/api\/devices\/v[12]\/deployments\/device\/deployments\/next(\?|$)/;

const BEARER = /^bearer ([^ ]+)$/i;

type Later = (work: Promise<unknown>) => void;

/** The answer to an idle check, or the request to go on with. */
export async function answerIdleCheck(
  request: Request,
  env: Env,
  later: Later,
  nowMs: number,
): Promise<Response | Request> {
  const claim = await claimOf(request, env, nowMs);
  if (!claim) return request;
  const waitMs = waitOf(env, claim, nowMs);
  if (waitMs > 0) return tooMany(waitMs, requestIdOf(request.headers));
  const asked = await wellFormed(request);
  callsOf.set(asked.request, 0);
  if (!asked.isWellFormed) return asked.request;
  return (await answerIfIdle(asked.request, env, claim, later, nowMs)) ?? asked.request;
}

async function answerIfIdle(request: Request, env: Env, claim: DeviceClaim, later: Later, nowMs: number) {
  const settings = settingsOf(env);
  const requestId = requestIdOf(request.headers);
  try {
    const { verdict, headCalls } = await askHead(env, claim, nowMs, later);
    callsOf.set(request, headCalls);
    if (verdict === "concerns") return undefined;
    if (settings.STEERED_POLL_S > 0) return tooMany(settings.STEERED_POLL_S * 1000, requestId);
    const cost = settings.LOCAL ? costHeaders({ ...noCost(), objectCalls: headCalls }) : {};
    return new Response(null, { status: 204, headers: { "X-MEN-RequestID": requestId, ...cost } });
  } catch (cause) {
    makeLog({ request_id: requestId }).error("head not reached", { tenant: claim.tenant, cause });
    return undefined;
  }
}

async function claimOf(request: Request, env: Env, nowMs: number): Promise<DeviceClaim | undefined> {
  const token = BEARER.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined) return undefined;
  try {
    const keys = await loadKeys(env.SIGNING_KEY, env.SIGNING_KEY_FALLBACK);
    const verified = await verifyToken(keys, token, nowMs);
    return verified.ok ? deviceClaimFrom(verified.claims) : undefined;
  } catch {
    return undefined; // not configured: the routes refuse to serve and say why
  }
}

/** Whether the routes would take the check; a body that was read for it is put into the request again. */
async function wellFormed(request: Request): Promise<{ request: Request; isWellFormed: boolean }> {
  if (request.method === "GET") return { request, isWellFormed: asksByQuery(request) };
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  const isJson = request.headers.get("content-type")?.startsWith("application/json") ?? false;
  if (request.method !== "POST" || !isJson || !(length <= MAX_BODY)) return { request, isWellFormed: false };
  const { url, method, headers } = request;
  const body = await request.text();
  return {
    request: new Request(url, { method, headers, body }),
    isWellFormed: asksByBody(body, url.includes("/api/devices/v2/") ? "v2" : "v1"),
  };
}

const MAX_BODY = 64 * 1024;
