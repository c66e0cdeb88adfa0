import { createHash } from "node:crypto";
import { canonicalBytes } from "../../platform/base64url.ts";
import type { Deps } from "../../platform/deps.ts";

/** What an answer is good for: to sign in, or to add a passkey to one user. */
export type Purpose = "sign in" | `add to ${string}`;

export const CHALLENGE_LIFE_MS = 5 * 60_000;

const NONCE_BYTES = 18;
const EXPIRY_BYTES = 6;
const HEAD_BYTES = NONCE_BYTES + EXPIRY_BYTES;

/** No link and no cookie begins like this, so that none is ever taken for another although they share a key. */
const messageOf = (purpose: Purpose, head: Uint8Array) =>
  Buffer.concat([Buffer.from(`passkey challenge\n${purpose}\n`), head]);

/**
 * A challenge that says itself what it is for and until when. Nothing is written for it, so that strangers who ask for many
 * fill nothing; only the digest of one that was answered is kept.
 */
export async function newChallenge(deps: Deps, purpose: Purpose): Promise<string> {
  const [key] = deps.keys.linkSecrets;
  if (!key) throw new Error("no key to sign challenges with");
  const head = Buffer.alloc(HEAD_BYTES);
  head.set(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  head.writeUIntBE(deps.now() + CHALLENGE_LIFE_MS, NONCE_BYTES, EXPIRY_BYTES);
  const mac = await crypto.subtle.sign("HMAC", key, messageOf(purpose, head));
  return Buffer.concat([head, Buffer.from(mac)]).toString("base64url");
}

/** What is kept of a challenge that was answered. */
export interface Spent {
  digest: string;
  expiresMs: number;
}

/** The challenge as it is spent; undefined for one that is not ours, for something else, or too old. */
export async function spentOf(deps: Deps, purpose: Purpose, challenge: string): Promise<Spent | undefined> {
  const bytes = Buffer.from(canonicalBytes(challenge) ?? []);
  if (bytes.length <= HEAD_BYTES) return undefined;
  const [head, mac] = [bytes.subarray(0, HEAD_BYTES), Uint8Array.from(bytes.subarray(HEAD_BYTES))];
  const expiresMs = head.readUIntBE(NONCE_BYTES, EXPIRY_BYTES);
  if (expiresMs <= deps.now()) return undefined;
  const message = messageOf(purpose, head);
  const checks = await Promise.all(
    deps.keys.linkSecrets.map((key) => crypto.subtle.verify("HMAC", key, mac, message)),
  );
  return checks.includes(true)
    ? { digest: createHash("sha256").update(challenge).digest("base64url"), expiresMs }
    : undefined;
}
