import { createHmac, randomBytes } from "node:crypto";

/** As the specification of Standard Webhooks writes secrets. */
const PREFIX = "whsec_";
const BYTES = 32;
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

export const newSecret = (): string => PREFIX + randomBytes(BYTES).toString("base64");

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice(PREFIX.length), "base64");

/** Whether a text is a secret to sign with. */
export function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX) || !BASE64.test(text.slice(PREFIX.length))) return false;
  const { length } = keyOf(text);
  return length >= LEAST_BYTES && length <= MOST_BYTES;
}

/**
 * The headers of a signed request (Standard Webhooks 1.0): what is signed is its id, the time of sending and the body. With
 * two keys there are two signatures, of which a receiver needs one.
 */
export function signedHeaders(
  { id, timeS, body }: { id: string; timeS: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", keyOf(secret)).update(`${id}.${timeS}.${body}`).digest("base64")}`,
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timeS),
    "webhook-signature": signatures.join(" "),
  };
}
