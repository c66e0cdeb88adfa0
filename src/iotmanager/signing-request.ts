import * as der from "../platform/der.ts";

const ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const COMMON_NAME = der.oid("2.5.4.3");
const VERSION_1 = der.integer(Buffer.from([0]));

/** Halves of a signature as the runtime gives it. */
const HALF = 32;

const pem = (label: string, bytes: Uint8Array): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    "",
  ].join("\n");

/** A new P-256 key, and a request to certify it for a name (RFC 2986). Both as PEM. */
export async function newSigningRequest(
  commonName: string,
): Promise<{ request: string; privateKey: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair; // by the algorithm
  const exported = async (format: "spki" | "pkcs8", key: CryptoKey) =>
    new Uint8Array((await crypto.subtle.exportKey(format, key)) as ArrayBuffer); // by the format
  const subject = der.sequence(der.set(der.sequence(COMMON_NAME, der.utf8(commonName))));
  const info = der.sequence(VERSION_1, subject, await exported("spki", keys.publicKey), der.explicit(0));
  const hash = { name: "ECDSA", hash: "SHA-256" };
  const signature = new Uint8Array(await crypto.subtle.sign(hash, keys.privateKey, new Uint8Array(info)));
  const halves = der.sequence(
    der.integer(signature.subarray(0, HALF)),
    der.integer(signature.subarray(HALF)),
  );
  const request = der.sequence(info, ECDSA_WITH_SHA256, der.bitString(halves));
  return {
    request: pem("CERTIFICATE REQUEST", request),
    privateKey: pem("PRIVATE KEY", await exported("pkcs8", keys.privateKey)),
  };
}
