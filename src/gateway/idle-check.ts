import { askHead } from "../checkin/index.ts";
import { asksByBody, asksByQuery } from "../deployments/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import { noCost } from "../platform/database.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { bareRefusal } from "../platform/app.ts";
import { Fault } from "../platform/fault.ts";
import type { Later } from "../platform/later.ts";
import { makeLog } from "../platform/log.ts";
import { parseKeptJson } from "../platform/json.ts";
import { parsedBodies } from "../platform/wire.ts";
import { sharesOfDevice } from "./body.ts";
import { answer, claimOf, heldBack, onward, smallJson, tooMany, type Moment } from "./early.ts";
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
  { now, later }: Moment,
): Promise<Response | Request> {
  const nowMs = now();
  const claim = await claimOf(request, env, nowMs);
  if (!claim) return request;
  const held = heldBack(request, env, claim, nowMs);
  if (held) return held;
  const isPost = request.method === "POST";
  const clock = { now, after: later.after };
  const body = isPost ? await smallJson(request, env, clock, () => sharesOfDevice(claim)) : undefined;
  if (body instanceof Fault) return bareRefusal(body, requestIdOf(request.headers));
  const json = body === undefined ? undefined : jsonOf(new TextDecoder().decode(body));
  const checked = isWellFormed(request, json)
    ? await ask(env, claim, nowMs, later)
    : { isIdle: false, headCalls: 0 };
  if (checked.isIdle) return idleAnswer(request, env, checked.headCalls);
  const concerning = onward(request, claim, { body, headCalls: checked.headCalls });
  if (json) parsedBodies.set(concerning, json);
  return concerning;
}

function idleAnswer(request: Request, env: Env, headCalls: number): Response {
  const { STEERED_POLL_S } = settingsOf(env);
  if (STEERED_POLL_S > 0) return tooMany(STEERED_POLL_S * 1000, request);
  return answer(request, env, { status: 204, cost: { ...noCost(), objectCalls: headCalls } });
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
