import { createHash } from "node:crypto";
import { Secret, TOTP } from "otpauth";

const SECRET_BYTES = 20;
const PERIOD_S = 30;
/** Steps before and after the present one whose codes are taken: clocks of phones differ. */
const WINDOW = 1;
const ISSUER = "Edgemend";

export const newTotpSecret = (): string => {
  const { buffer } = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return new Secret({ buffer }).base32;
};

const totpOf = (secret: string, label = "") =>
  new TOTP({
    issuer: ISSUER,
    label,
    secret: Secret.fromBase32(secret),
    algorithm: "SHA1",
    digits: 6,
    period: PERIOD_S,
  });

/** What an authenticator reads from the picture; it begins with the issuer, since a test of the original needs the secret not to be first. */
export const totpUrl = (secret: string, email: string): string => totpOf(secret, email).toString();

const CODE = /^\d{6}$/;

/** The time step that the code is of; undefined for a wrong one. */
export function stepOf(secret: string, code: string, atMs: number): number | undefined {
  if (!CODE.test(code)) return undefined;
  const delta = totpOf(secret).validate({ token: code, timestamp: atMs, window: WINDOW });
  return delta === null ? undefined : Math.floor(atMs / 1000 / PERIOD_S) + delta;
}

const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

/** Codes that log in once each, where the authenticator is lost: 80 random bits in four groups. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => {
    const { buffer } = crypto.getRandomValues(new Uint8Array(RECOVERY_BYTES));
    return new Secret({ buffer }).base32.toLowerCase().replace(/(.{4})(?=.)/g, "$1-");
  });

const RECOVERY_CODE = /^[a-z2-7]{16}$/;

/** What is kept of a recovery code, in whichever spelling it is typed; undefined for what is none. */
export function recoveryDigest(code: string): string | undefined {
  const plain = code.toLowerCase().replace(/[\s-]/g, "");
  return RECOVERY_CODE.test(plain) ? createHash("sha256").update(plain).digest("base64url") : undefined;
}
