import type { SystemActor } from "../platform/actor.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { signToken } from "../platform/tokens.ts";
import { admissionStatement, type Admission } from "./admission-store.ts";
import type { AuthRequest } from "./auth-request.ts";
import {
  acceptance,
  auditStatement,
  changeStatements,
  Disturbed,
  hitDeviceLimit,
  newDeviceStatements,
  newSet,
  untilUndisturbed,
} from "./changes.ts";
import { deviceByIdentityStatement } from "./store.ts";

const notAdmitted = () => new Fault("unauthorized", "dev auth: unauthorized");

/** Carries the second after the watermark if need be, so that a token is valid the moment it is issued. */
function issueToken(deps: Deps, admission: Admission): Promise<string> {
  const nowS = toSeconds(deps.now());
  return signToken(deps.keys, {
    jti: admission.set ?? "",
    sub: admission.device ?? "",
    iss: "Mender",
    iat: Math.max(nowS, admission.revokedS + 1),
    exp: nowS + deps.settings.DEVICE_TOKEN_LIFE_S,
    "mender.device": true,
    "mender.tenant": admission.tenant,
    "mender.plan": admission.plan,
  });
}

/** Stores an unknown device, or an unknown key of a known one, for a user to decide. */
async function enrol(deps: Deps, admission: Admission, request: AuthRequest): Promise<void> {
  const { tenant } = admission;
  const db = deps.db(tenant);
  const at = deps.now();
  const set = newSet(request.key, request.tier, "pending", at);
  if (admission.device === null) {
    await db.batch(newDeviceStatements(tenant, request.identity, set, at).statements);
    return;
  }
  const device = await db.one(deviceByIdentityStatement(tenant, request.identity.hash));
  if (!device) throw new Disturbed("the device has gone");
  await db.batch(changeStatements(tenant, device, { added: set }, at));
}

/** The first request of a preauthorised device accepts it. */
async function acceptPreauthorized(deps: Deps, admission: Admission, request: AuthRequest): Promise<void> {
  const { tenant } = admission;
  const db = deps.db(tenant);
  const at = deps.now();
  const device = await db.one(deviceByIdentityStatement(tenant, request.identity.hash));
  const set = device?.sets.find(({ id }) => id === admission.set);
  if (!device || set?.status !== "preauthorized") throw new Disturbed("the set has changed");
  const actor: SystemActor = { kind: "system", tenant };
  try {
    await db.batch([
      ...changeStatements(tenant, device, acceptance(device, set.id), at),
      auditStatement(actor, "accept", device, at, "preauthorized"),
    ]);
  } catch (cause) {
    // The device must not learn that the reason is the limit.
    if (hitDeviceLimit(cause)) throw new Fault("unauthorized", "unauthorized", { cause });
    throw cause;
  }
}

async function attempt(deps: Deps, request: AuthRequest): Promise<string> {
  const admission = await deps.directory.one(admissionStatement(request));
  if (!admission) throw notAdmitted();
  if (admission.tenantStatus !== "active") throw new Fault("unauthorized", "Account suspended");
  if (admission.setStatus === null) await enrol(deps, admission, request);
  if (admission.setStatus === "preauthorized") await acceptPreauthorized(deps, admission, request);
  else if (admission.setStatus !== "accepted") throw notAdmitted();
  return issueToken(deps, admission);
}

/**
 * Answers a device's request for a token whose signature holds. A known device costs one look and no write; an unknown
 * one leaves a pending set and is refused.
 */
export const authenticate = (deps: Deps, request: AuthRequest): Promise<string> =>
  untilUndisturbed(() => attempt(deps, request));
