import type { SystemActor } from "../platform/actor.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import { callClaims } from "../platform/call-limits.ts";
import { claimsOf } from "../platform/plans.ts";
import { signToken } from "../platform/tokens.ts";
import { Disturbed } from "../platform/undisturbed.ts";
import {
  admissionStatement,
  joinedTenantStatement,
  type Admission,
  type Joining,
} from "./admission-store.ts";
import type { AuthRequest } from "./auth-request.ts";
import {
  acceptance,
  auditStatement,
  changeStatements,
  hitDeviceLimit,
  untilUndisturbed,
} from "./transitions.ts";
import { enrolDevice, enrolKey } from "./enrol.ts";
import { deviceByIdentityStatement } from "./store.ts";
import { noteSeen } from "./waiting.ts";

const systemOf = (tenant: TenantId): SystemActor => ({ kind: "system", tenant });

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
    ...claimsOf(admission.subscription),
    ...callClaims(admission.calls),
  });
}

/** The first request of a preauthorised device accepts it. */
async function acceptPreauthorized(deps: Deps, admission: Admission, request: AuthRequest): Promise<void> {
  const { tenant } = admission;
  const db = deps.db(tenant);
  const at = deps.now();
  const device = await db.one(deviceByIdentityStatement(tenant, request.identity.hash));
  const set = device?.sets.find(({ id }) => id === admission.set);
  if (!device || set?.status !== "preauthorized") throw new Disturbed("the set has changed");
  try {
    await db.batch([
      ...changeStatements(deps.participants, tenant, device, acceptance(device, set.id, request.tier), at),
      auditStatement(systemOf(tenant), "accept", device, at, "preauthorized"),
    ]);
  } catch (cause) {
    // The device must not learn that the reason is the limit.
    if (hitDeviceLimit(cause)) throw new Fault("unauthorized", "unauthorized", { cause });
    throw cause;
  }
}

/** What is known of the device once it is let in; undefined if it is not. */
async function admit(
  deps: Deps,
  known: Admission,
  request: AuthRequest,
  attempt: number,
): Promise<Admission | undefined> {
  switch (known.setStatus) {
    case "accepted":
      return known;
    case "preauthorized":
      await acceptPreauthorized(deps, known, request);
      return known;
    case null:
      return known.device === null
        ? enrolDevice(deps, known, request, attempt)
        : enrolKey(deps, known, request, attempt);
    case "pending":
      noteSeen(deps, known);
      return undefined;
    case "rejected":
      return undefined;
  }
}

/** Keys that a user has accepted stay so. */
function refuseWeakKey({ refusesWeakKeys, setStatus }: Admission, { key }: AuthRequest): void {
  if (key.weakness === undefined || refusesWeakKeys !== 1 || setStatus === "accepted") return;
  throw new Fault("bad_request", `invalid auth request: weak public key: ${key.weakness}`);
}

/** One look; where tenants are spread, a first one finds whose the tenant token is, unless that is remembered. */
async function admissionOf(
  deps: Deps,
  request: AuthRequest,
  joining: Joining,
): Promise<Admission | undefined> {
  const statement = admissionStatement(request, deps.now(), joining);
  if (!deps.homes.isSpread) return deps.directory.one(statement);
  const { tenantToken } = request;
  const tenant =
    (tenantToken ? deps.homes.tenantOf(tenantToken) : joining.tenant) ??
    (await deps.directory.one(joinedTenantStatement(request, joining)));
  if (tenant === undefined) return undefined;
  const known = await deps.db(tenant).one(statement);
  if (known && tenantToken && tenant !== joining.tenant) deps.homes.learnToken(tenantToken, tenant);
  return known;
}

async function authenticateOnce(deps: Deps, request: AuthRequest, attempt: number): Promise<string> {
  const { DEVICE_TENANT, UNKNOWN_TENANT_TOKENS } = deps.settings;
  const joining = { tenant: asTenantId(DEVICE_TENANT), withUnknownToken: UNKNOWN_TENANT_TOKENS === "join" };
  const known = await admissionOf(deps, request, joining);
  if (!known) throw notAdmitted();
  if (known.tenantStatus !== "active") throw new Fault("unauthorized", "Account suspended");
  refuseWeakKey(known, request);
  const admitted = await admit(deps, known, request, attempt);
  if (!admitted?.device) throw notAdmitted();
  deps.contacts.note(admitted.tenant, admitted.device);
  return issueToken(deps, admitted);
}

/**
 * Answers a device's request for a token whose signature holds. A known device costs one look and no write; an unknown
 * one leaves a pending set and is refused, unless a rule lets it in.
 */
export const authenticate = (deps: Deps, request: AuthRequest): Promise<string> =>
  untilUndisturbed((attempt) => authenticateOnce(deps, request, attempt));
