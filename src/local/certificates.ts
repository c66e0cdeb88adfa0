import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { isIP } from "node:net";
import { UsageError } from "./flags.ts";
import { readIfPresent, writePrivately, type DataFolder } from "./data-folder.ts";
import { issueCertificate } from "./x509.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
// Some TLS stacks refuse server certificates that live longer than this.
const SERVER_LIFE_MS = 397 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;
// Devices on a bench often have a clock that is somewhat behind.
const BACKDATED_MS = 2 * DAY_MS;

export interface TlsIdentity {
  /** File with the certificate of the authority, for devices to trust. */
  caFile: string;
  key: string;
  /** Server certificate and its authority. */
  chain: string;
}

interface Authority {
  name: string;
  key: KeyObject;
  pem: string;
}

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

const toPem = (key: KeyObject) => key.export({ format: "pem", type: "pkcs8" }).toString();

const lifetime = (lifeMs: number) => ({
  notBefore: new Date(Date.now() - BACKDATED_MS),
  notAfter: new Date(Date.now() + lifeMs),
});

function makeAuthority(folder: DataFolder): Authority {
  const key = newKey();
  // Two data folders on one machine must not have authorities of the same name.
  const name = `Edgemend local CA ${randomBytes(3).toString("hex")}`;
  const pem = issueCertificate({
    subject: name,
    issuer: name,
    subjectKey: key,
    issuerKey: key,
    ...lifetime(AUTHORITY_LIFE_MS),
  });
  writePrivately(folder.file("ca-key.pem"), toPem(key));
  writePrivately(folder.file("ca.pem"), pem);
  return { name, key, pem };
}

/** What a PEM file holds; undefined if that is damaged. */
function readPem<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const certificateIn = (pem: string) => readPem(() => new X509Certificate(pem));
const keyIn = (pem: string) => readPem(() => createPrivateKey(pem));

const REMEDY =
  "put the old file back, or remove ca.pem and ca-key.pem to have both made anew, after which devices have to be given the new ca.pem";

/** Devices trust the authority, so one that was there is never replaced without being asked to. */
function openAuthority(folder: DataFolder): Authority {
  const [certificateFile, keyFile] = [folder.file("ca.pem"), folder.file("ca-key.pem")];
  const [pem, keyPem] = [readIfPresent(certificateFile), readIfPresent(keyFile)];
  if (pem === undefined && keyPem === undefined) return makeAuthority(folder);
  if (pem === undefined) throw new UsageError(`${certificateFile} is missing: ${REMEDY}`);
  if (keyPem === undefined) throw new UsageError(`${keyFile} is missing: ${REMEDY}`);
  const [certificate, key] = [certificateIn(pem), keyIn(keyPem)];
  if (!certificate) throw new UsageError(`${certificateFile} is not a PEM certificate: ${REMEDY}`);
  if (!key) throw new UsageError(`${keyFile} is not a PEM private key: ${REMEDY}`);
  if (!certificate.checkPrivateKey(key))
    throw new UsageError(`${keyFile} is not the key of ${certificateFile}: ${REMEDY}`);
  return { name: certificate.subject.replace(/^CN=/, ""), key, pem };
}

function isGood(chain: string, keyPem: string, authority: Authority, names: string[]): boolean {
  const [certificate, key] = [certificateIn(chain), keyIn(keyPem)];
  if (!certificate || !key || !certificate.checkPrivateKey(key)) return false;
  const hasName = (name: string) =>
    (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
  return (
    certificate.checkIssued(new X509Certificate(authority.pem)) &&
    Date.parse(certificate.validTo) > Date.now() + RENEW_BEFORE_MS &&
    names.every(hasName)
  );
}

/**
 * Key and certificate of the TLS listener. The authority is made once, so that devices trust it once; the server's
 * certificate is renewed when it is due, damaged, or lacks a name.
 */
export function openTlsIdentity(folder: DataFolder, names: string[]): TlsIdentity {
  const authority = openAuthority(folder);
  const [chainFile, keyFile] = [folder.file("server.pem"), folder.file("server-key.pem")];
  const [knownChain, knownKey] = [readIfPresent(chainFile), readIfPresent(keyFile)];
  const caFile = folder.file("ca.pem");
  if (knownChain !== undefined && knownKey !== undefined && isGood(knownChain, knownKey, authority, names))
    return { caFile, key: knownKey, chain: knownChain };

  const key = newKey();
  const certificate = issueCertificate({
    subject: "Edgemend local server",
    issuer: authority.name,
    subjectKey: key,
    issuerKey: authority.key,
    ...lifetime(SERVER_LIFE_MS),
    serverNames: names,
  });
  const made = { key: toPem(key), chain: certificate + authority.pem };
  writePrivately(keyFile, made.key);
  writePrivately(chainFile, made.chain);
  return { caFile, ...made };
}
