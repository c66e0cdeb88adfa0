import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { importPKCS8, importSPKI, type CryptoKey as JoseKey } from "jose";

/** Tokens are signed by `sign`; any of `verify` is accepted. `secret` keys derived MACs such as download links. */
export interface Keys {
  algorithm: "EdDSA" | "RS256";
  sign: JoseKey;
  verify: { algorithm: "EdDSA" | "RS256"; key: JoseKey }[];
  linkSecrets: CryptoKey[];
  /** Encrypt what must not lie open in the database; the first for what is new. */
  seals: { id: string; key: CryptoKey }[];
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

/** A key for one use, derived from a private key. */
async function derive(
  pem: string,
  use: string,
  algorithm: Parameters<SubtleCrypto["deriveKey"]>[2],
  usages: string[],
): Promise<CryptoKey> {
  const material = new TextEncoder().encode(pem.trim());
  const base = await crypto.subtle.importKey("raw", material, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode(use);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    base,
    algorithm,
    false,
    usages,
  );
}

const linkSecret = (pem: string) =>
  derive(pem, "edgemend signed links", { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign", "verify"]);

/** Tells keys apart; no secret, since it is made from the public half. */
function idOf(pem: string): string {
  const der = createPublicKey(createPrivateKey(pem)).export({ format: "der", type: "spki" });
  return createHash("sha256").update(der).digest("hex").slice(0, 8);
}

const sealOf = async (pem: string) => ({
  id: idOf(pem),
  key: await derive(pem, "edgemend sealed secrets", { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]),
});

async function load(signing: string, fallback: string | undefined): Promise<Keys> {
  const privateKey = createPrivateKey(signing);
  const algorithm = algorithmOf(privateKey);
  const pkcs8 = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const verify = [await publicHalf(signing)];
  const linkSecrets = [await linkSecret(signing)];
  const seals = [await sealOf(signing)];
  if (fallback) {
    verify.push(await publicHalf(fallback));
    if (isPrivate(fallback)) {
      linkSecrets.push(await linkSecret(fallback));
      seals.push(await sealOf(fallback));
    }
  }
  return { algorithm, sign: await importPKCS8(pkcs8, algorithm), verify, linkSecrets, seals };
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
