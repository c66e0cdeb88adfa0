import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { sha256 } from "./identity.ts";
import { weaknessOf, worthlessness } from "./key-strength.ts";
import { derOf, pemOf } from "./stored-key.ts";

/** A device's public key in the one form in which keys are shown and compared. */
export interface DeviceKey {
  key: KeyObject;
  pem: string;
  hash: string;
  /** In what the key is weak though it is taken; undefined for a strong one. */
  weakness: string | undefined;
}

export type ParsedKey = { ok: true; key: DeviceKey } | { ok: false; problem: string };

const MAX_PEM_LENGTH = 16_384;
const FIRST_BLOCK = /(?:^|\n)-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function decodePem(pem: string): KeyObject | undefined {
  const [, label, body = ""] = FIRST_BLOCK.exec(pem.slice(0, MAX_PEM_LENGTH)) ?? [];
  const base64 = body.replace(/\s+/g, "");
  if (label !== "PUBLIC KEY" || base64 === "" || !BASE64.test(base64)) return undefined;
  try {
    return createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

/** Reads a key (protocol notes, deviceauth 1): clients differ in line ends, line length and the final newline. */
export function parseKey(pem: string): ParsedKey {
  const key = decodePem(pem);
  if (!key) return { ok: false, problem: "cannot decode public key" };
  if (!["rsa", "ec", "ed25519"].includes(key.asymmetricKeyType ?? "")) {
    return { ok: false, problem: "unrecognized public key type" };
  }
  const der = key.export({ format: "der", type: "spki" });
  const problem = worthlessness(der);
  if (problem) return { ok: false, problem };
  const normalised = pemOf(der);
  return { ok: true, key: { key, pem: normalised, hash: sha256(normalised), weakness: weaknessOf(der) } };
}

/** In what a key is weak that was taken; undefined for a strong one. */
export const weaknessOfPem = (pem: string): string | undefined => weaknessOf(derOf(pem));

/** True if this base64 text is the key's signature over exactly these bytes. ECDSA signatures come as DER. */
export function isSignedBy({ key }: DeviceKey, body: Uint8Array, signature: string): boolean {
  if (!BASE64.test(signature)) return false;
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  try {
    return verify(digest, body, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}
