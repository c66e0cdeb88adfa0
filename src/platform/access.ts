import { timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { JWTPayload } from "jose";
import type { DeviceClaim, LiveUser, OperatorActor } from "./actor.ts";
import type { AppEnv } from "./app-env.ts";
import { parseAuthorization } from "./authorization.ts";
import { consoleToken } from "./console-cookie.ts";
import { callLimitsOf } from "./call-limits.ts";
import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";
import { asDeviceId, asTenantId, DEFAULT_TENANT } from "./ids.ts";
import { subscriptionOf } from "./plans.ts";
import { verifyToken, type TokenReason } from "./tokens.ts";

const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="ManagementJWT"' };

const unauthorized = (text: string) => new Fault("unauthorized", text, { headers: CHALLENGE });

/** The cookie of the stock web UI counts for reads only: it is no proof of intent. */
const readersToken = (c: Context<AppEnv>) => (c.req.method === "GET" ? getCookie(c, "JWT") : undefined);

/** The bearer token of the request (protocol notes, gateway 3), or that of a cookie where users may have one. */
export function bearerToken(c: Context<AppEnv>, cookieAllowed: boolean): string {
  const header = c.req.header("authorization");
  if (header === undefined || header === "") {
    const cookie = cookieAllowed ? (consoleToken(c) ?? readersToken(c)) : undefined;
    if (cookie) return cookie;
    throw unauthorized("Authorization not present in header");
  }
  const given = parseAuthorization(header);
  if (!given) throw unauthorized("malformed Authorization header");
  if (given.scheme.toLowerCase() !== "bearer")
    throw unauthorized(`unknown Authorization method ${given.scheme}`);
  return given.credentials;
}

/** A token that cannot be read is told so on every route. */
function refuseUnreadable(reason: TokenReason): void {
  if (reason === "malformed") throw unauthorized("identity: incorrect token format");
  if (reason === "no_subject") throw unauthorized('identity: claim "sub" is required');
}

/** Resolves a verified user token to a live user; the user administration domain owns the look-up. */
export type FindUser = (
  deps: Deps,
  claims: { tenant: string; subject: string; token: string },
) => Promise<LiveUser | undefined>;

export const authenticateUser = (c: Context<AppEnv>, findUser: FindUser): Promise<LiveUser> =>
  userOfToken(c.var.deps, bearerToken(c, true), findUser);

/** The live user of a token, or a 401 that says no more than it must. */
export async function userOfToken(deps: Deps, token: string, findUser: FindUser): Promise<LiveUser> {
  const verified = await verifyToken(deps.keys, token, deps.now());
  if (!verified.ok) {
    refuseUnreadable(verified.reason);
    throw unauthorized("invalid jwt");
  }
  const { claims } = verified;
  if (claims["mender.user"] !== true || typeof claims.jti !== "string") throw unauthorized("unauthorized");
  const tenant = typeof claims["mender.tenant"] === "string" ? claims["mender.tenant"] : DEFAULT_TENANT;
  const actor = await findUser(deps, { tenant, subject: claims.sub, token: claims.jti });
  if (!actor) throw unauthorized("unauthorized");
  return actor;
}

/** Whose token a request carries, where the gateway has verified it before the routes. */
export const verifiedClaims = new WeakMap<Request, DeviceClaim>();

/**
 * A device token by signature and lifetime. Device routes empty every 401, because device clients abort on a body there
 * (protocol notes, client traffic 0); the verifier tells what is unreadable and nothing of what does not hold.
 */
export async function authenticateDevice(c: Context<AppEnv>): Promise<DeviceClaim> {
  const known = verifiedClaims.get(c.req.raw);
  if (known) return known;
  const deps = c.var.deps;
  const token = bearerToken(c, false);
  const verified = await verifyToken(deps.keys, token, deps.now());
  if (!verified.ok) {
    refuseUnreadable(verified.reason);
    throw new Fault("unauthorized", verified.reason, { empty: true });
  }
  const claim = deviceClaimFrom(verified.claims);
  if (!claim) throw new Fault("unauthorized", "not a device token", { empty: true });
  return claim;
}

/** What a verified token claims to be, if it is a device's. */
export function deviceClaimFrom(claims: JWTPayload & { sub: string }): DeviceClaim | undefined {
  if (claims["mender.device"] !== true || !claims.jti) return undefined;
  const tenant = claims["mender.tenant"];
  return {
    kind: "device-claim",
    tenant: typeof tenant === "string" ? asTenantId(tenant) : DEFAULT_TENANT,
    device: asDeviceId(claims.sub),
    authSet: claims.jti,
    subscription: subscriptionOf(claims),
    calls: callLimitsOf(claims),
    issuedS: claims.iat ?? 0,
    expiresS: claims.exp,
  };
}

const sameText = (a: string, b: string) => {
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** Whether `Authorization` holds the operator token. */
export function isOperator(c: Context<AppEnv>): boolean {
  const expected = c.var.deps.settings.OPERATOR_TOKEN;
  return expected !== undefined && expected !== "" && sameText(bearerToken(c, false), expected);
}

/** The operator API exists only where its token is configured. */
export function authenticateOperator(c: Context<AppEnv>): OperatorActor {
  if (!c.var.deps.settings.OPERATOR_TOKEN) throw new Fault("not_found", "not found");
  if (!isOperator(c)) throw unauthorized("unauthorized");
  return { kind: "operator", tenant: DEFAULT_TENANT };
}
