import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { isIP } from "node:net";
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

function openAuthority(folder: DataFolder): Authority {
  const pem = readIfPresent(folder.file("ca.pem"));
  const key = readIfPresent(folder.file("ca-key.pem"));
  if (pem === undefined || key === undefined) return makeAuthority(folder);
  const name = new X509Certificate(pem).subject.replace(/^CN=/, "");
  return { name, key: createPrivateKey(key), pem };
}

function isGood(chain: string, authority: Authority, names: string[]): boolean {
  const certificate = new X509Certificate(chain);
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
 * certificate is renewed when it is due or lacks a name.
 */
export function openTlsIdentity(folder: DataFolder, names: string[]): TlsIdentity {
  const authority = openAuthority(folder);
  const [chainFile, keyFile] = [folder.file("server.pem"), folder.file("server-key.pem")];
  const [knownChain, knownKey] = [readIfPresent(chainFile), readIfPresent(keyFile)];
  const caFile = folder.file("ca.pem");
  if (knownChain !== undefined && knownKey !== undefined && isGood(knownChain, authority, names))
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
