import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** What devices in the field use: Ed25519 by default, RSA on old ones, ECDSA on small ones. */
export type KeyType = "ed25519" | "rsa" | "ecdsa";

/** A device's key pair. */
export interface DeviceKeys {
  publicPem: string;
  privatePem: string;
  /** Base64 of the signature over the bytes. */
  sign: (bytes: Uint8Array) => string;
}

const RSA_BITS = 3072;

function keysOf(privateKey: KeyObject): DeviceKeys {
  const digest = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  return {
    publicPem: createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString(),
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    sign: (bytes) => sign(digest, bytes, privateKey).toString("base64"),
  };
}

function newPrivateKey(type: KeyType): KeyObject {
  if (type === "ed25519") return generateKeyPairSync("ed25519").privateKey;
  if (type === "rsa") return generateKeyPairSync("rsa", { modulusLength: RSA_BITS }).privateKey;
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

export const makeDeviceKeys = (type: KeyType = "ed25519"): DeviceKeys => keysOf(newPrivateKey(type));

export const loadDeviceKeys = (privatePem: string): DeviceKeys => keysOf(createPrivateKey(privatePem));
