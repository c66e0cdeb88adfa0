import { createPublicKey, type KeyObject, verify } from "node:crypto";

export type VerifyResult =
  | { ok: true; algorithm: "rsa" | "ecdsa" }
  | {
      ok: false;
      reason: "unsigned" | "key_invalid" | "key_unsupported" | "signature_malformed" | "signature_wrong";
    };

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Checks `manifest.sig` against a public key in PEM form. RSA signatures are PKCS#1 v1.5, ECDSA
 * ones raw r‖s or DER (external signers), all over SHA-256 of the manifest.
 */
export function verifySignature(
  artifact: { manifest: string; signature: string | null },
  publicKeyPem: string,
): VerifyResult {
  if (artifact.signature === null) return { ok: false, reason: "unsigned" };
  const key = importKey(publicKeyPem);
  if (key === null) return { ok: false, reason: "key_invalid" };
  // External tools end the text with a newline.
  const text = artifact.signature.trim();
  if (!BASE64.test(text)) return { ok: false, reason: "signature_malformed" };
  const signature = Buffer.from(text, "base64");
  const message = Buffer.from(artifact.manifest);
  switch (key.asymmetricKeyType) {
    case "rsa":
      return outcome("rsa", verify("sha256", message, key, signature));
    case "ec":
      return outcome("ecdsa", verifyEcdsa(message, key, signature));
    default:
      return { ok: false, reason: "key_unsupported" };
  }
}

const outcome = (algorithm: "rsa" | "ecdsa", isRight: boolean): VerifyResult =>
  isRight ? { ok: true, algorithm } : { ok: false, reason: "signature_wrong" };

function importKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

/** Neither form can be told from its length alone, so both are tried. */
function verifyEcdsa(message: Buffer, key: KeyObject, signature: Buffer): boolean {
  return (["ieee-p1363", "der"] as const).some((dsaEncoding) => {
    try {
      return verify("sha256", message, { key, dsaEncoding }, signature);
    } catch {
      return false;
    }
  });
}
