import { errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import type { Keys } from "./keys.ts";

export type TokenReason = "malformed" | "no_subject" | "signature" | "expired";
export type VerifiedToken =
  | { ok: true; claims: JWTPayload & { sub: string } }
  | { ok: false; reason: TokenReason };

export const signToken = (keys: Keys, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: keys.algorithm, typ: "JWT" }).sign(keys.sign);

/** Signature and lifetime only; whether the token was revoked is the database's to say. */
export async function verifyToken(keys: Keys, token: string, nowMs: number): Promise<VerifiedToken> {
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
