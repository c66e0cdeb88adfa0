import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { canonicalBytes } from "./base64url.ts";
import type { Keys } from "./keys.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

export type TokenReason = "malformed" | "no_subject" | "signature" | "expired";
export type VerifiedToken =
  | { ok: true; claims: JWTPayload & { sub: string } }
  | { ok: false; reason: TokenReason };

export const signToken = (keys: Keys, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: keys.algorithm, typ: "JWT" }).sign(keys.sign);

const seen = new WeakMap<Keys, VerifiedTokens>();

function seenBy(keys: Keys): VerifiedTokens {
  const known = seen.get(keys);
  if (known) return known;
  const tokens = new VerifiedTokens();
  seen.set(keys, tokens);
  return tokens;
}

/** The claims of a token whose signature was checked before, if its life is not over. */
function claimsOfSeen(token: string, nowMs: number): VerifiedToken {
  const payload = token.slice(token.indexOf(".") + 1, token.lastIndexOf("."));
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as JWTPayload; // jose has validated it
  const { sub, exp } = claims;
  if (exp !== undefined && exp * 1000 <= nowMs) return { ok: false, reason: "expired" };
  return sub ? { ok: true, claims: { ...claims, sub } } : { ok: false, reason: "no_subject" };
}

/** Signature and lifetime only; whether the token was revoked is the database's to say. */
export async function verifyToken(keys: Keys, token: string, nowMs: number): Promise<VerifiedToken> {
  const tokens = seenBy(keys);
  if (tokens.has(token)) return claimsOfSeen(token, nowMs);
  const verified = await checkSignature(keys, token, nowMs);
  // One that begins later is checked until it has begun.
  if (verified.ok && verified.claims.nbf === undefined) tokens.add(token);
  return verified;
}

/** The library takes several spellings of one token; what is looked up by its text needs one. */
const isCanonical = (token: string): boolean =>
  token.split(".").every((part) => canonicalBytes(part) !== undefined);

async function checkSignature(keys: Keys, token: string, nowMs: number): Promise<VerifiedToken> {
  if (!isCanonical(token)) return { ok: false, reason: "malformed" };
  let reason: TokenReason = "signature";
  for (const { algorithm, key } of keys.verify) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        currentDate: new Date(nowMs),
      });
      const { sub } = payload;
      return sub ? { ok: true, claims: { ...payload, sub } } : { ok: false, reason: "no_subject" };
    } catch (cause) {
      if (cause instanceof errors.JWTExpired) return { ok: false, reason: "expired" };
      if (cause instanceof errors.JWTInvalid || cause instanceof errors.JWSInvalid) reason = "malformed";
    }
  }
  return { ok: false, reason };
}
