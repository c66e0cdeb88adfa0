import { createPublicKey, generateKeyPairSync, sign, verify, X509Certificate } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SignedXml } from "xml-crypto";
import { issueCertificate } from "../../src/local/x509.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { refusal, rowsOf } from "../support/answers.ts";
import { Server, type Answer } from "../support/server.ts";
import {
  addProvider,
  begin,
  isToken,
  METADATA,
  outcome,
  outsideIs,
  USERADM,
} from "../support/single-sign-on.ts";

const ENTITY = "https://id.example.com/metadata";
const XML = { "Content-Type": "application/samlmetadata+xml" };
const EMAIL = "ada@example.com";
const NS = `xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`;
const ENC = "http://www.w3.org/2001/04/xmlenc#";
const ENC11 = "http://www.w3.org/2009/xmlenc11#";
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const MORE = "http://www.w3.org/2001/04/xmldsig-more#";
const UNSIGNED = "the answer is not signed by the provider";

interface Signer {
  privateKey: string;
  certificate: string;
  algorithm: string;
}

const certified = (pair: ReturnType<typeof generateKeyPairSync>, algorithm: string): Signer => {
  const issuing = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = issueCertificate({
    subject: "id",
    issuer: "id",
    subjectKey: pair.publicKey,
    issuerKey: issuing.privateKey,
    notBefore: new Date(0),
    notAfter: new Date(4e12),
  });
  return {
    privateKey: pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: pem.replace(/-----[^-]+-----|\s/g, ""),
    algorithm,
  };
};

const metadataOf = (signer: Signer, attributes = "") => `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${ENTITY}">
<IDPSSODescriptor ${attributes} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
${signer.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://id.example.com/sso?a=1"/>
</IDPSSODescriptor></EntityDescriptor>`;

/** Signs with a key on an elliptic curve, as providers do that have one. */
const ellipticWith = (algorithm: string) =>
  class {
    getAlgorithmName = () => algorithm;
    getSignature = (material: string, key: string) =>
      sign(`sha${algorithm.slice(-3)}`, Buffer.from(material), { key, dsaEncoding: "ieee-p1363" }).toString(
        "base64",
      );
    verifySignature = () => false;
  };

function signed(xml: string, by: Signer, name = "Assertion"): string {
  const path = `//*[local-name(.)='${name}']`;
  const signature = new SignedXml({
    privateKey: by.privateKey,
    signatureAlgorithm: by.algorithm,
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  if (by.algorithm.includes("ecdsa"))
    Object.assign(signature.SignatureAlgorithms, { [by.algorithm]: ellipticWith(by.algorithm) });
  signature.addReference({
    xpath: path,
    digestAlgorithm: `${ENC}sha256`,
    transforms: ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXCLUSIVE],
  });
  signature.computeSignature(xml, {
    prefix: "ds",
    location: { reference: `${path}/*[local-name(.)='Issuer']`, action: "after" },
  });
  return signature.getSignedXml();
}

let server: Server;
let admin: TestUser;
let rsa: Signer;
let stranger: Signer;

beforeAll(() => {
  const pair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
  rsa = certified(pair() as never, `${MORE}rsa-sha256`);
  stranger = certified(pair() as never, `${MORE}rsa-sha256`);
});

beforeEach(async () => {
  server = await Server.start();
  outsideIs(() => new Response(null, { status: 500 }));
  admin = await aUser(server);
  await aUser(server, { email: EMAIL });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const provide = (signer: Signer, attributes = "") =>
  addProvider(server, admin.token, { body: metadataOf(signer, attributes), headers: XML });
const ours = async (id: string) =>
  (await server.call("GET", `${USERADM}/sso/sp/metadata/${id}`, { token: admin.token })).text;
const certificatesIn = (metadata: string) =>
  [...metadata.matchAll(/use="(\w+)">.*?<X509Certificate>([^<]+)</g)].map(
    ([, use, text]) => [use, text] as const,
  );

interface Asked {
  id: string;
  request: string;
  cookie: string;
  location: URL;
}

async function ask(id: string): Promise<Asked> {
  const { location, cookie } = await begin(server, `/auth/sso/${id}/login`);
  const deflated = Buffer.from(location.searchParams.get("SAMLRequest") ?? "", "base64");
  const request = / ID="([^"]+)"/.exec(inflateRawSync(deflated).toString())?.[1] ?? "";
  return { id, request, cookie, location };
}

const at = (ms: number) => new Date(server.now + ms).toISOString();

function assertion({ id, request }: Asked): string {
  const base = `https://edgemend.test${USERADM}`;
  return (
    `<saml:Assertion ${NS} ID="_a" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${ENTITY}</saml:Issuer>` +
    `<saml:Subject><saml:NameID>${EMAIL}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(300_000)}" ` +
    `Recipient="${base}/auth/sso/${id}/acs" InResponseTo="${request}"/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${at(-60_000)}" NotOnOrAfter="${at(300_000)}"><saml:AudienceRestriction>` +
    `<saml:Audience>${base}/sso/sp/metadata/${id}</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion>`
  );
}

const response = ({ request }: Asked, inside: string) =>
  `<samlp:Response ${NS} ID="_r" Version="2.0" IssueInstant="${at(0)}" InResponseTo="${request}"><saml:Issuer>${ENTITY}</saml:Issuer>` +
  `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${inside}</samlp:Response>`;

const post = ({ id, cookie }: Asked, xml: string): Promise<Answer> =>
  server.call("POST", `${USERADM}/auth/sso/${id}/acs`, {
    headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString("base64") }).toString(),
  });

interface Encrypting {
  mode?: "gcm" | "cbc";
  bits?: 128 | 256;
  hash?: "SHA-1" | "SHA-256";
  /** Of the key, as it is told. */
  method?: string;
  spoil?: boolean;
}

/** As a provider encrypts for the certificate of our metadata. */
async function encrypted(id: string, text: string, how: Encrypting = {}): Promise<string> {
  const { mode = "gcm", bits = 256, hash = "SHA-1" } = how;
  const [, certificate] = certificatesIn(await ours(id)).find(([use]) => use === "encryption") ?? [];
  const spki = createPublicKey(
    new X509Certificate(Buffer.from(certificate ?? "", "base64")).publicKey.export({
      format: "pem",
      type: "spki",
    }),
  ).export({ format: "der", type: "spki" });
  const theirs = await crypto.subtle.importKey("spki", spki, { name: "RSA-OAEP", hash }, false, ["encrypt"]);
  const raw = crypto.getRandomValues(new Uint8Array(bits / 8));
  const name = mode === "gcm" ? "AES-GCM" : "AES-CBC";
  const key = await crypto.subtle.importKey("raw", raw, name, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(mode === "gcm" ? 12 : 16));
  const body = new Uint8Array(await crypto.subtle.encrypt({ name, iv }, key, Buffer.from(text)));
  const data = Buffer.concat([iv, body]);
  if (how.spoil) data[20] = (data[20] ?? 0) ^ 1;
  const wrapped = Buffer.from(await crypto.subtle.encrypt("RSA-OAEP", theirs, raw)).toString("base64");
  const sha256 = `<ds:DigestMethod Algorithm="${ENC}sha256"/><xenc11:MGF Algorithm="${ENC11}mgf1sha256"/>`;
  const method = how.method ?? (hash === "SHA-1" ? `${ENC}rsa-oaep-mgf1p` : `${ENC11}rsa-oaep`);
  return (
    `<saml:EncryptedAssertion xmlns:xenc="${ENC}" xmlns:xenc11="${ENC11}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
    `<xenc:EncryptedData Type="${ENC}Element"><xenc:EncryptionMethod Algorithm="${mode === "gcm" ? ENC11 : ENC}aes${bits}-${mode}"/>` +
    `<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${method}">${hash === "SHA-256" ? sha256 : ""}</xenc:EncryptionMethod>` +
    `<xenc:CipherData><xenc:CipherValue>${wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>` +
    `<xenc:CipherData><xenc:CipherValue>${data.toString("base64")}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`
  );
}

describe("an encrypted assertion", () => {
  it("signs a user in where it is signed, or the response around it", async () => {
    const id = await provide(rsa);
    const ways: Encrypting[] = [
      {},
      { mode: "gcm", bits: 128, hash: "SHA-256" },
      { mode: "cbc", bits: 256 },
      { mode: "cbc", bits: 128 },
    ];
    for (const way of ways) {
      const asked = await ask(id);
      const inside = await encrypted(id, signed(assertion(asked), rsa), way);
      expect([way, isToken(outcome(await post(asked, response(asked, inside))))]).toEqual([way, true]);
    }
    const asked = await ask(id);
    const around = signed(response(asked, await encrypted(id, assertion(asked))), rsa, "Response");
    expect(isToken(outcome(await post(asked, around)))).toBe(true);
  });

  it("gets nobody in otherwise, and in the same words whatever is wrong with it", async () => {
    const id = await provide(rsa);
    const other = await provide(rsa);
    const tricks: Record<string, (asked: Asked) => Promise<string>> = {
      "not signed at all": async (a) => response(a, await encrypted(id, assertion(a))),
      "signed by a stranger": async (a) => response(a, await encrypted(id, signed(assertion(a), stranger))),
      "a response signed by a stranger": async (a) =>
        signed(response(a, await encrypted(id, assertion(a))), stranger, "Response"),
      "for another provider": async (a) => response(a, await encrypted(other, signed(assertion(a), rsa))),
      "changed on the way": async (a) =>
        response(a, await encrypted(id, signed(assertion(a), rsa), { spoil: true })),
      "changed on the way, in blocks": async (a) =>
        response(a, await encrypted(id, signed(assertion(a), rsa), { spoil: true, mode: "cbc" })),
      "a key in an old way": async (a) =>
        response(a, await encrypted(id, signed(assertion(a), rsa), { method: `${ENC}rsa-1_5` })),
      "no XML in it": async (a) => response(a, await encrypted(id, "")),
    };
    for (const [name, trick] of Object.entries(tricks)) {
      server.advance(3_700_000);
      const asked = await ask(id);
      const [status, text] = refusal(await post(asked, await trick(asked)));
      expect([name, status, [UNSIGNED, "the XML is malformed"].includes(String(text))]).toEqual([
        name,
        400,
        true,
      ]);
    }
    server.advance(3_700_000);
    const asked = await ask(id);
    const both = (await encrypted(id, signed(assertion(asked), rsa))) + assertion(asked);
    expect(outcome(await post(asked, response(asked, both)))).toBe("the answer does not hold one assertion");
  });

  it("is opened by a key that nobody is shown, and that stays", async () => {
    const id = await provide(rsa);
    expect(await rowsOf("SELECT service_key FROM sso_providers")).toEqual([{ service_key: null }]);
    const [first, again] = await Promise.all([ours(id), ours(id)]);
    expect(certificatesIn(first).map(([use]) => use)).toEqual(["signing", "encryption"]);
    expect(certificatesIn(again)).toEqual(certificatesIn(first));
    const put = await server.call("PUT", `${METADATA}/${id}`, {
      token: admin.token,
      body: metadataOf(rsa),
      headers: XML,
    });
    expect(put.status).toBe(204);
    expect(certificatesIn(await ours(id))).toEqual(certificatesIn(first));
  });
});

describe("a provider that wants requests to be signed", () => {
  it("gets them signed by the key of our metadata, as soon as it can know that", async () => {
    const id = await provide(rsa, 'WantAuthnRequestsSigned="true"');
    const early = await server.call("GET", `${USERADM}/auth/sso/${id}/login`);
    expect(refusal(early)).toEqual([422, "requests have to be signed: give the provider our metadata first"]);
    const metadata = await ours(id);
    expect(metadata).toContain('AuthnRequestsSigned="true"');
    const { location } = await ask(id);
    const [told, signature] = location.search.split("&Signature=");
    const query = told?.slice(told.indexOf("SAMLRequest=")) ?? "";
    expect(location.searchParams.get("a")).toBe("1");
    expect(location.searchParams.get("SigAlg")).toBe(`${MORE}rsa-sha256`);
    const [, certificate = ""] = certificatesIn(metadata).find(([use]) => use === "signing") ?? [];
    const key = new X509Certificate(Buffer.from(certificate, "base64")).publicKey.export({
      format: "pem",
      type: "spki",
    });
    const bytes = Buffer.from(decodeURIComponent(signature ?? ""), "base64");
    expect(verify("sha256", Buffer.from(query), key, bytes)).toBe(true);
  });
});

describe("a provider with a key on an elliptic curve", () => {
  it.each([
    ["P-256", `${MORE}ecdsa-sha256`],
    ["P-384", `${MORE}ecdsa-sha384`],
  ])("signs users in by %s, and nobody by a signature of another key", async (namedCurve, algorithm) => {
    const pair = () => certified(generateKeyPairSync("ec", { namedCurve } as never) as never, algorithm);
    const own = pair();
    const id = await provide(own);
    const asked = await ask(id);
    expect(isToken(outcome(await post(asked, response(asked, signed(assertion(asked), own)))))).toBe(true);
    const again = await ask(id);
    expect(outcome(await post(again, response(again, signed(assertion(again), pair()))))).toBe(UNSIGNED);
  });
});
