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
      return outcome("rsa", isRight(message, key, signature));
    case "ec": {
      // Neither form can be told from its length alone, so both are tried.
      const forms = [signature, derFromRaw(signature)];
      return outcome(
        "ecdsa",
        forms.some((form) => isRight(message, key, form)),
      );
    }
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

/** What is no signature at all makes some runtimes throw. */
function isRight(message: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify("sha256", message, key, signature);
  } catch {
    return false;
  }
}

/**
 * r‖s as a SEQUENCE of two INTEGERs. The option that makes `verify` take the raw form is ignored
 * by the Workers runtime.
 */
function derFromRaw(raw: Buffer): Buffer {
  const half = raw.length / 2;
  const content = Buffer.concat([derInteger(raw.subarray(0, half)), derInteger(raw.subarray(half))]);
  return Buffer.concat([Buffer.from([0x30, ...derLength(content.length)]), content]);
}

/** As few bytes as possible, but with a zero in front where the number would look negative. */
function derInteger(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start < 0 ? bytes.length - 1 : start);
  const isHigh = (digits[0] ?? 0) >= 0x80;
  const length = digits.length + (isHigh ? 1 : 0);
  return Buffer.concat([Buffer.from([0x02, ...derLength(length), ...(isHigh ? [0] : [])]), digits]);
}

const derLength = (length: number): number[] => {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >>> 8, length & 0xff];
};
