import type { SystemActor } from "../platform/actor.ts";
import { toSeconds } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asTenantId, type TenantId } from "../platform/ids.ts";
import type { KnownSet, ReadSet } from "../platform/known-sets.ts";
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
import { sha256 } from "./identity.ts";
import { deviceByIdentityStatement } from "./store.ts";
import { noteSeen } from "./waiting.ts";

const systemOf = (tenant: TenantId): SystemActor => ({ kind: "system", tenant });

const notAdmitted = () => new Fault("unauthorized", "dev auth: unauthorized");

/** Carries the second after the watermark if need be, so that a token is valid the moment it is issued. */
function issueToken(deps: Deps, tenant: TenantId, known: KnownSet): Promise<string> {
  const nowS = toSeconds(deps.now());
  return signToken(deps.keys, {
    jti: known.set,
    sub: known.device,
    iss: "Mender",
    iat: Math.max(nowS, known.revokedS + 1),
    exp: nowS + deps.settings.DEVICE_TOKEN_LIFE_S,
    "mender.device": true,
    "mender.tenant": tenant,
    ...claimsOf(known.subscription),
    ...callClaims(known.calls),
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
  const { tenantToken } = request;
  const { isSpread } = deps.homes;
  const tenant =
    rememberedTenant(deps, request, joining) ??
    (isSpread ? await deps.directory.one(joinedTenantStatement(request, joining)) : undefined);
  if (isSpread && tenant === undefined) return undefined;
  const known = await (isSpread && tenant ? deps.db(tenant) : deps.directory).one(statement);
  // A token that nobody has may be somebody's later.
  const isSure = known && !(joining.withUnknownToken && known.tenant === joining.tenant);
  if (isSure && tenantToken) deps.homes.learnToken(tenantToken, known.tenant);
  return known;
}

const rememberedTenant = (
  { homes }: Deps,
  { tenantToken }: AuthRequest,
  joining: Joining,
): TenantId | undefined => (tenantToken ? homes.tenantOf(tenantToken) : joining.tenant);

/** Tells two requests apart that the database would answer differently for. */
const printOf = ({ identity, key, tier }: AuthRequest): string =>
  sha256(`${identity.hash} ${key.hash} ${tier}`);

/** What is asked, by whom, and where strangers go. */
interface Asked {
  request: AuthRequest;
  print: string;
  joining: Joining;
}

/** By the database; the first request of some devices changes what is there. */
async function admitted(deps: Deps, { request, print, joining }: Asked, attempt: number): Promise<string> {
  const known = await admissionOf(deps, request, joining);
  if (!known) throw notAdmitted();
  const { tenant, tenantStatus, setStatus, subscription } = known;
  if (tenantStatus !== "active") throw new Fault("unauthorized", "Account suspended");
  refuseWeakKey(known, request);
  const now = await admit(deps, known, request, attempt);
  const set = now && setOf(now);
  if (!set) {
    deps.knownSets.noteAbsent(tenant, print);
    throw notAdmitted();
  }
  // For the next time. The claims of a trial end with it.
  if (setStatus === "accepted" && !subscription.trial) deps.knownSets.remember(tenant, print, set);
  return tokenFor(deps, tenant, set);
}

function setOf({ device, set, ...told }: Admission): ReadSet | undefined {
  const { revokedS, subscription, calls, tenantMs } = told;
  return device === null ? undefined : { device, set: set ?? "", revokedS, subscription, calls, tenantMs };
}

function tokenFor(deps: Deps, tenant: TenantId, set: KnownSet): Promise<string> {
  deps.contacts.note(tenant, set.device);
  return issueToken(deps, tenant, set);
}

/** Where strangers go. */
const joiningBy = ({ settings: { DEVICE_TENANT, UNKNOWN_TENANT_TOKENS } }: Deps): Joining => ({
  tenant: asTenantId(DEVICE_TENANT),
  withUnknownToken: UNKNOWN_TENANT_TOKENS === "join",
});

/** A token for a device that was let in before, as its head knows. */
export async function tokenOfKnown(deps: Deps, request: AuthRequest): Promise<string | undefined> {
  const tenant = rememberedTenant(deps, request, joiningBy(deps));
  const near = tenant && (await deps.knownSets.find(tenant, printOf(request)));
  return tenant && near && tokenFor(deps, tenant, near);
}

/**
 * Answers a device's request for a token whose signature holds. A known device costs one look and no write, and once it has
 * been let in no look either; an unknown one leaves a pending set and is refused, unless a rule lets it in.
 */
export async function authenticate(deps: Deps, request: AuthRequest, isUnknown = false): Promise<string> {
  const near = isUnknown ? undefined : await tokenOfKnown(deps, request);
  if (near !== undefined) return near;
  const asked = { request, print: printOf(request), joining: joiningBy(deps) };
  return untilUndisturbed((attempt) => admitted(deps, asked, attempt));
}
