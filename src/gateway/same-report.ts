import { createHash } from "node:crypto";
import { askReport } from "../checkin/index.ts";
import { REPORT_PATH } from "../inventory/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import { bareRefusal } from "../platform/app.ts";
import { noCost } from "../platform/database.ts";
import type { Env } from "../platform/env.ts";
import { Fault } from "../platform/fault.ts";
import { makeLog } from "../platform/log.ts";
import { sharesOfDevice } from "./body.ts";
import { answer, claimOf, heldBack, onward, smallJson, type Moment } from "./early.ts";
import { requestIdOf } from "./request-id.ts";

/**
 * A report of a device that says what is stored already is answered here, by the head of the tenant and without the database.
 * Every other goes on to the routes, and what they find out the head is told.
 */

const REPORT = new RegExp(`^https?://[^/]+${REPORT_PATH}(\\?|$)`);

/** Whether a request can be a report. */
export const isReport = ({ url, method }: Request): boolean =>
  (method === "PUT" || method === "PATCH") && REPORT.test(url);

/** The answer to a report that changes nothing, or the request to go on with. */
export async function answerSameReport(
  request: Request,
  env: Env,
  { now, later }: Moment,
): Promise<Response | Request> {
  const nowMs = now();
  const claim = await claimOf(request, env, nowMs);
  if (!claim) return request;
  const held = heldBack(request, env, claim, nowMs);
  if (held) return held;
  const body = await smallJson(request, env, { now, after: later.after }, () => sharesOfDevice(claim));
  if (body instanceof Fault) return bareRefusal(body, requestIdOf(request.headers));
  if (body === undefined) return onward(request, claim, { body, headCalls: 0 });
  const { isSame, headCalls } = await ask(env, claim, printOf(request, claim, body), nowMs);
  const cost = { ...noCost(), objectCalls: headCalls };
  return isSame ? answer(request, env, { status: 200, cost }) : onward(request, claim, { body, headCalls });
}

/** Of all that decides what becomes of a report. Two with the same print are the same report. */
const printOf = ({ method, headers }: Request, { authSet }: DeviceClaim, body: Uint8Array): string =>
  createHash("sha256")
    .update([method, headers.get("content-type"), authSet, ""].join("\n"))
    .update(body)
    .digest("base64");

/** Without the head the database is asked. */
async function ask(env: Env, claim: DeviceClaim, print: string, nowMs: number) {
  try {
    return await askReport(env, claim, print, nowMs);
  } catch (cause) {
    makeLog({ tenant: claim.tenant }).error("head not asked for a report", { cause });
    return { isSame: false, headCalls: 1 };
  }
}
