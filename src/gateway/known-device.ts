import { makeDeps } from "../app/make-deps.ts";
import { AUTH_PATH, knownDevice, readBefore } from "../deviceauth/index.ts";
import { bareRefusal } from "../platform/app.ts";
import { settingsOf, type Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { answer, readAgain, smallJson, tooMany, type Moment } from "./early.ts";
import { sharesOfNetwork } from "./body.ts";
import { addressWaitOf, callsOf } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";

/**
 * A device that authenticates again and that the head of its tenant knows is answered here, without the database. Every other
 * goes on to the routes, with what was read of it.
 */

const AUTHENTICATION = new RegExp(`^https?://[^/]+${AUTH_PATH}(\\?|$)`);

export const isAuthentication = ({ url, method }: Request): boolean =>
  method === "POST" && AUTHENTICATION.test(url);

export async function answerKnownDevice(
  request: Request,
  env: Env,
  { now, later, network }: Moment,
): Promise<Response | Request> {
  const signature = request.headers.get("x-men-signature");
  if (!signature || !isConfigured(env)) return request;
  const from = await network();
  const waitMs = from === undefined ? 0 : addressWaitOf(env, from, now());
  if (waitMs > 0) return tooMany(waitMs, request);
  const body = await smallJson(request, env, { now, after: later.after }, () => sharesOfNetwork(from));
  if (body instanceof Fault) return bareRefusal(body, requestIdOf(request.headers));
  if (body === undefined) return counted(request, 0);
  const requestId = requestIdOf(request.headers);
  const deps = await makeDeps(env, {
    requestId,
    origin: "",
    later: later.now,
    after: later.after,
    network,
    now,
  });
  const { token, request: read } = await knownDevice(deps, body, signature);
  if (token === undefined) {
    const onward = counted(readAgain(request, body), deps.cost.objectCalls);
    if (read) readBefore.set(onward, read);
    return onward;
  }
  return answer(request, env, { status: 200, cost: deps.cost, token });
}

/** A request that was counted for its address. */
function counted(request: Request, headCalls: number): Request {
  callsOf.set(request, headCalls);
  return request;
}

/** Otherwise the routes refuse to serve, and the log says why. */
function isConfigured(env: Env): boolean {
  try {
    return settingsOf(env) !== undefined;
  } catch {
    return false;
  }
}
