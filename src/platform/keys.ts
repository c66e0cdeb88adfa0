import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { importPKCS8, importSPKI, type CryptoKey as JoseKey } from "jose";

/** Tokens are signed by `sign`; any of `verify` is accepted. `secret` keys derived MACs such as download links. */
export interface Keys {
  algorithm: "EdDSA" | "RS256";
  sign: JoseKey;
  verify: { algorithm: "EdDSA" | "RS256"; key: JoseKey }[];
  linkSecrets: CryptoKey[];
}

const algorithmOf = (key: KeyObject): "EdDSA" | "RS256" => {
  if (key.asymmetricKeyType === "ed25519") return "EdDSA";
  if (key.asymmetricKeyType === "rsa") return "RS256";
  throw new Error(`a signing key must be Ed25519 or RSA, not ${key.asymmetricKeyType}`);
};

const isPrivate = (pem: string) => pem.includes("PRIVATE KEY");

async function publicHalf(pem: string) {
  const key = createPublicKey(isPrivate(pem) ? createPrivateKey(pem) : pem);
  const algorithm = algorithmOf(key);
  const spki = key.export({ format: "pem", type: "spki" }).toString();
  return { algorithm, key: await importSPKI(spki, algorithm) };
}

async function linkSecret(pem: string): Promise<CryptoKey> {
  const material = new TextEncoder().encode(pem.trim());
  const base = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode("edgemend signed links");
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    base,
    hmac,
    false,
    ["sign", "verify"],
  );
}

async function load(signing: string, fallback: string | undefined): Promise<Keys> {
  const privateKey = createPrivateKey(signing);
  const algorithm = algorithmOf(privateKey);
  const pkcs8 = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const verify = [await publicHalf(signing)];
  const linkSecrets = [await linkSecret(signing)];
  if (fallback) {
    verify.push(await publicHalf(fallback));
    if (isPrivate(fallback)) linkSecrets.push(await linkSecret(fallback));
  }
  return { algorithm, sign: await importPKCS8(pkcs8, algorithm), verify, linkSecrets };
}

// Imported keys are pure values of their PEM text; a deployment has one or two.
const imported = new Map<string, Promise<Keys>>();
const MAX_IMPORTED = 4;

/** Keys of this deployment; rejects if none is configured, so that nothing is ever signed with a default. */
export async function loadKeys(signing: string | undefined, fallback: string | undefined): Promise<Keys> {
  if (!signing) throw new Error("SIGNING_KEY is not configured: refusing to serve");
  const cacheKey = `${signing}\n${fallback ?? ""}`;
  const known = imported.get(cacheKey);
  if (known) return known;
  if (imported.size >= MAX_IMPORTED) imported.clear();
  const loading = load(signing, fallback);
  imported.set(cacheKey, loading);
  return loading;
}
