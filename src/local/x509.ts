import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import * as der from "../platform/der.ts";

export interface CertificateRequest {
  subject: string;
  issuer: string;
  /** P-256 keys. */
  subjectKey: KeyObject;
  issuerKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
  /** Host names and addresses of a server certificate; an authority has none. */
  serverNames?: string[];
}

const ECDSA_WITH_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const VERSION_3 = der.explicit(0, der.integer(Buffer.from([2])));

const name = (commonName: string) =>
  der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), der.utf8(commonName))));

const extension = (id: string, critical: boolean, value: Buffer) =>
  der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octetString(value));

// Positive, and long enough that two authorities never agree on one.
function newSerial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return der.integer(bytes);
}

const spkiOf = (key: KeyObject): Buffer =>
  (key.type === "private" ? createPublicKey(key) : key).export({ format: "der", type: "spki" });

// An uncompressed P-256 point closes its key info.
const POINT_BYTES = 65;
const keyIdentifier = (key: KeyObject): Buffer =>
  createHash("sha1").update(spkiOf(key).subarray(-POINT_BYTES)).digest();

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const groups = (text: string | undefined) => (text ? text.split(":") : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => "0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

const alternativeName = (serverName: string) =>
  isIP(serverName)
    ? der.implicit(7, addressBytes(serverName))
    : der.implicit(2, Buffer.from(serverName, "ascii"));

function authorityExtensions(key: KeyObject): Buffer[] {
  return [
    extension("2.5.29.19", true, der.sequence(der.boolean(true), der.integer(Buffer.from([0])))),
    // keyCertSign and cRLSign
    extension("2.5.29.15", true, der.bitString(Buffer.from([0b0000_0110]), 1)),
    extension("2.5.29.14", false, der.octetString(keyIdentifier(key))),
  ];
}

function serverExtensions(request: CertificateRequest, serverNames: string[]): Buffer[] {
  const serverAuth = der.oid("1.3.6.1.5.5.7.3.1");
  return [
    extension("2.5.29.19", true, der.sequence()),
    // digitalSignature
    extension("2.5.29.15", true, der.bitString(Buffer.from([0b1000_0000]), 7)),
    extension("2.5.29.37", false, der.sequence(serverAuth)),
    extension("2.5.29.17", false, der.sequence(...serverNames.map(alternativeName))),
    extension("2.5.29.14", false, der.octetString(keyIdentifier(request.subjectKey))),
    extension("2.5.29.35", false, der.sequence(der.implicit(0, keyIdentifier(request.issuerKey)))),
  ];
}

/** An X.509 certificate as PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const extensions = request.serverNames
    ? serverExtensions(request, request.serverNames)
    : authorityExtensions(request.subjectKey);
  const body = der.sequence(
    VERSION_3,
    newSerial(),
    ECDSA_WITH_SHA256,
    name(request.issuer),
    der.sequence(der.time(request.notBefore), der.time(request.notAfter)),
    name(request.subject),
    spkiOf(request.subjectKey),
    der.explicit(3, der.sequence(...extensions)),
  );
  const signature = sign("sha256", body, request.issuerKey);
  const certificate = der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature));
  const lines = certificate.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
