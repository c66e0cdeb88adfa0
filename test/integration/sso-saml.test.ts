import { generateKeyPairSync } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SignedXml } from "xml-crypto";
import { issueCertificate } from "../../src/local/x509.ts";
import { aUser, type TestUser } from "../support/actors.ts";
import { rowsOf } from "../support/answers.ts";
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
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

interface Signer {
  privateKey: string;
  /** In base64. */
  certificate: string;
}

function aSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const issuing = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = issueCertificate({
    subject: "id",
    issuer: "id",
    subjectKey: publicKey,
    issuerKey: issuing.privateKey,
    notBefore: new Date(0),
    notAfter: new Date(4e12),
  });
  return {
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: pem.replace(/-----[^-]+-----|\s/g, ""),
  };
}

const metadataOf = (signer: Signer, attributes = "", entity = ENTITY) => `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entity}" ${attributes}>
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
${signer.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://id.example.com/sso?a=1"/>
</IDPSSODescriptor></EntityDescriptor>`;

let server: Server;
let admin: TestUser;
let signer: Signer;
let stranger: Signer;
let id: string;

beforeAll(() => {
  signer = aSigner();
  stranger = aSigner();
});

beforeEach(async () => {
  server = await Server.start();
  outsideIs(() => new Response(null, { status: 500 }));
  admin = await aUser(server);
  id = await addProvider(server, admin.token, { body: metadataOf(signer), headers: XML });
  await aUser(server, { email: EMAIL });
  await aUser(server, { email: "admin@example.com" });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const at = (ms: number) => new Date(server.now + ms).toISOString();
const acsOf = (provider: string) => `https://edgemend.test${USERADM}/auth/sso/${provider}/acs`;
const entityOf = (provider: string) => `https://edgemend.test${USERADM}/sso/sp/metadata/${provider}`;

/** What an assertion says; a trick says something else. */
const said = (request: string) => ({
  id: "_a",
  issuer: ENTITY,
  name: EMAIL,
  format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  request,
  recipient: acsOf(id),
  until: at(300_000),
  from: at(-60_000),
  audience: `<saml:AudienceRestriction><saml:Audience>${entityOf(id)}</saml:Audience></saml:AudienceRestriction>`,
  method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
  session: "",
  attributes: "",
});
type Said = ReturnType<typeof said>;

const assertion = (a: Said) =>
  `<saml:Assertion ${NS} ID="${a.id}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${a.issuer}</saml:Issuer>` +
  `<saml:Subject><saml:NameID Format="${a.format}">${a.name}</saml:NameID>` +
  `<saml:SubjectConfirmation Method="${a.method}"><saml:SubjectConfirmationData NotOnOrAfter="${a.until}" Recipient="${a.recipient}" InResponseTo="${a.request}"/></saml:SubjectConfirmation></saml:Subject>` +
  `<saml:Conditions NotBefore="${a.from}" NotOnOrAfter="${a.until}">${a.audience}</saml:Conditions>` +
  `<saml:AuthnStatement AuthnInstant="${at(0)}"${a.session}/>${a.attributes}</saml:Assertion>`;

const SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success";

const response = (request: string, inside: string, { destination = acsOf(id), status = SUCCESS } = {}) =>
  `<samlp:Response ${NS} ID="_r" Version="2.0" IssueInstant="${at(0)}" Destination="${destination}" InResponseTo="${request}">` +
  `<saml:Issuer>${ENTITY}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>${inside}</samlp:Response>`;

interface Signing {
  by?: Signer;
  /** Name of the element that is signed. */
  name?: string;
  algorithm?: string;
  digest?: string;
  transforms?: string[];
}

/** Signs the first element of a name, and puts the signature behind its issuer. */
function signed(xml: string, options: Signing = {}): string {
  const { by = signer, name = "Assertion" } = options;
  const { privateKey } = by;
  const path = `//*[local-name(.)='${name}']`;
  const signature = new SignedXml({
    privateKey,
    signatureAlgorithm: options.algorithm ?? RSA_SHA256,
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  signature.addReference({
    xpath: path,
    digestAlgorithm: options.digest ?? SHA256,
    transforms: options.transforms ?? [ENVELOPED, EXCLUSIVE],
  });
  signature.computeSignature(xml, {
    prefix: "ds",
    location: { reference: `${path}/*[local-name(.)='Issuer']`, action: "after" },
  });
  return signature.getSignedXml();
}

const post = (xml: string, cookie: string, to = id): Promise<Answer> =>
  server.call("POST", `${USERADM}/auth/sso/${to}/acs`, {
    headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString("base64") }).toString(),
  });

interface Asked {
  request: string;
  cookie: string;
  xml: string;
  location: URL;
}

async function ask(provider = id): Promise<Asked> {
  const { location, cookie } = await begin(server, `/auth/sso/${provider}/login`);
  const deflated = Buffer.from(location.searchParams.get("SAMLRequest") ?? "", "base64");
  const xml = inflateRawSync(deflated).toString();
  return { xml, cookie, location, request: / ID="([^"]+)"/.exec(xml)?.[1] ?? "" };
}

/** A good answer to a request. */
const good = ({ request }: Asked, changed: Partial<Said> = {}) =>
  signed(response(request, assertion({ ...said(request), ...changed })));

describe("a SAML provider", () => {
  it("is asked by a request that names our addresses, and publishes none of its own", async () => {
    const { xml, location, request } = await ask();
    expect([location.origin, location.searchParams.get("a")]).toEqual(["https://id.example.com", "1"]);
    for (const part of [
      `AssertionConsumerServiceURL="${acsOf(id)}"`,
      `<saml:Issuer>${entityOf(id)}</saml:Issuer>`,
      `Destination="https://id.example.com/sso?a=1"`,
    ])
      expect(xml).toContain(part);
    expect(request).toMatch(/^_[0-9a-f]{40}$/);
    const ours = await server.call("GET", `${USERADM}/sso/sp/metadata/${id}`, { token: admin.token });
    expect(ours.headers.get("content-type")).toBe("application/samlmetadata+xml");
    expect(ours.text).toContain(`entityID="${entityOf(id)}"`);
    expect(ours.text).toContain(`Location="${acsOf(id)}" index="0"`);
  });

  it("signs a user in, by a signed assertion or a signed response", async () => {
    const asked = await ask();
    const first = await post(good(asked), asked.cookie);
    expect([first.status, first.headers.get("location")]).toEqual([302, "https://edgemend.test/ui/"]);
    const me = await server.call("GET", `${USERADM}/users/me`, { token: outcome(first) });
    expect(me.json()).toMatchObject({ email: EMAIL, sso: [{ id, kind: "sso/saml", subject: EMAIL }] });
    const other = await ask();
    const whole = signed(response(other.request, assertion(said(other.request))), { name: "Response" });
    expect(isToken(outcome(await post(whole, other.cookie)))).toBe(true);
  });

  it("ends a session when it says so", async () => {
    const asked = await ask();
    const session = ` SessionNotOnOrAfter="${at(3_600_000)}"`;
    const token = outcome(await post(good(asked, { session }), asked.cookie));
    server.advance(3_599_000);
    expect((await server.call("GET", `${USERADM}/users/me`, { token })).status).toBe(200);
    server.advance(1000);
    expect((await server.call("GET", `${USERADM}/users/me`, { token })).status).toBe(401);
  });

  it("has each of its answers taken once, in the browser that asked", async () => {
    const asked = await ask();
    const xml = good(asked);
    expect(outcome(await post(xml, ""))).toBe("the sign-in was not begun in this browser, or too long ago");
    const both = await Promise.all([post(xml, asked.cookie), post(xml, asked.cookie)]);
    expect(both.filter((one) => isToken(outcome(one)))).toHaveLength(1);
    expect(outcome(await post(xml, asked.cookie))).toBe("this answer of the provider was used before");
    const other = await ask();
    expect(outcome(await post(xml, other.cookie))).toBe(
      "the sign-in was not begun in this browser, or too long ago",
    );
    expect(
      outcome(await post(good(asked).replaceAll(`"${asked.request}"`, `"${other.request}"`), other.cookie)),
    ).toBe("the answer is not signed by the provider");
  });

  it("gets nobody in whom it did not say to", async () => {
    const tricks: Record<string, (asked: Asked) => string> = {
      "another audience": (a) =>
        good(a, {
          audience:
            "<saml:AudienceRestriction><saml:Audience>https://x.example.com</saml:Audience></saml:AudienceRestriction>",
        }),
      "no audience": (a) => good(a, { audience: "" }),
      "another audience besides": (a) =>
        good(a, {
          audience: `${said("").audience}<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>`,
        }),
      "a condition that nobody knows": (a) => good(a, { audience: `${said("").audience}<saml:Condition/>` }),
      "another recipient": (a) => good(a, { recipient: "https://x.example.com/acs" }),
      "another request": (a) => good(a, { request: "_other" }),
      "another issuer": (a) => good(a, { issuer: "https://x.example.com" }),
      "no bearer": (a) => good(a, { method: "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" }),
      "too late": (a) => good(a, { until: at(-61_000) }),
      "too early": (a) => good(a, { from: at(61_000) }),
      "no time": (a) => good(a, { until: "soon" }),
      "a session that is over": (a) => good(a, { session: ` SessionNotOnOrAfter="${at(-1)}"` }),
      "a name for once": (a) => good(a, { format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" }),
      "no name": (a) => good(a, { name: "" }),
      "another destination": ({ request }) =>
        signed(response(request, assertion(said(request)), { destination: "https://x.example.com" })),
      "a failure": ({ request }) =>
        signed(
          response(request, assertion(said(request)), {
            status: "urn:oasis:names:tc:SAML:2.0:status:Responder",
          }),
        ),
      unsigned: ({ request }) => response(request, assertion(said(request))),
      "signed by a stranger": ({ request }) =>
        signed(response(request, assertion(said(request))), { by: stranger }),
      "signed by SHA-1": ({ request }) =>
        signed(response(request, assertion(said(request))), {
          algorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        }),
      "a digest by SHA-1": ({ request }) =>
        signed(response(request, assertion(said(request))), {
          digest: "http://www.w3.org/2000/09/xmldsig#sha1",
        }),
      "signed with comments": ({ request }) =>
        signed(response(request, assertion(said(request))), {
          transforms: [ENVELOPED, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"],
        }),
      "another name afterwards": (a) => good(a).replace(`>${EMAIL}<`, ">admin@example.com<"),
      "a comment in a name of one's own": (a) =>
        good(a, { name: "admin@example.com.evil.example" }).replace(
          "admin@example.com.",
          "admin@example.com<!---->.",
        ),
      "a processing instruction in the name": (a) =>
        good(a, { name: "admin@example.com.evil.example" }).replace(
          "admin@example.com.",
          "admin@example.com<?x?>.",
        ),
      "an encrypted assertion": ({ request }) => response(request, "<saml:EncryptedAssertion/>"),
      "two assertions": (a) =>
        good(a).replace(
          "</samlp:Response>",
          `${assertion({ ...said(a.request), id: "_b" })}</samlp:Response>`,
        ),
      "no response": ({ request }) =>
        signed(assertion(said(request))).replace(
          "<saml:Assertion",
          `<saml:Assertion InResponseTo="${request}"`,
        ),
      "a document type": (a) => `<!DOCTYPE x [<!ENTITY a "b">]>${good(a)}`,
      "a bomb of entities": (a) =>
        `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>${good(a, { name: "&c;" })}`,
      "an outside entity": (a) => `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${good(a)}`,
      "many levels": ({ request }) => response(request, "<a>".repeat(50_000)),
      "many elements": ({ request }) => response(request, "<a/>".repeat(60_000)),
      "no XML": () => "<",
      nothing: () => " ",
    };
    const wrong: string[] = [];
    for (const [name, trick] of Object.entries(tricks)) {
      server.advance(3_700_000);
      const asked = await ask();
      const answer = await post(trick(asked), asked.cookie);
      if (answer.status !== 400) wrong.push(`${name}: ${answer.status} ${answer.text}`);
    }
    expect(wrong).toEqual([]);
    expect(await rowsOf("SELECT * FROM sso_identities")).toEqual([]);
  });

  it("is read from nothing but what it signed, however that is wrapped", async () => {
    const evil = (request: string, inside = "", id = "_evil") =>
      assertion({ ...said(request), id, name: "admin@example.com" }).replace(
        "</saml:Issuer>",
        `</saml:Issuer>${inside}`,
      );
    const parts = (request: string, name: "Assertion" | "Response") => {
      const xml = signed(response(request, assertion(said(request))), { name });
      const signature = /<ds:Signature.*<\/ds:Signature>/s.exec(xml)?.[0] ?? "";
      const own = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)?.[0] ?? "";
      return { xml, signature, own, bare: own.replace(signature, "") };
    };
    const object = (content: string) => `<ds:Object>${content}</ds:Object></ds:Signature>`;
    const holding = (signature: string, content: string) =>
      signature.replace("</ds:Signature>", object(content));
    const wrappings: Record<string, (request: string) => string> = {
      "XSW1, the response in its signature": (request) => {
        const { xml, signature } = parts(request, "Response");
        const original = xml.replace(signature, "");
        return response(request, evil(request))
          .replace("_r", "_x")
          .replace("<samlp:Status>", `${holding(signature, original)}<samlp:Status>`);
      },
      "XSW2, the response beside its signature": (request) => {
        const { xml, signature } = parts(request, "Response");
        const original = xml.replace(signature, "");
        return response(request, evil(request))
          .replace("_r", "_x")
          .replace("<samlp:Status>", `${original}${signature}<samlp:Status>`);
      },
      "XSW3, another assertion before": (request) => {
        const { own } = parts(request, "Assertion");
        return response(request, evil(request) + own);
      },
      "XSW4, inside another assertion": (request) => {
        const { own } = parts(request, "Assertion");
        return response(request, evil(request, own));
      },
      "XSW5, the signature in another assertion": (request) => {
        const { signature, bare } = parts(request, "Assertion");
        return response(request, evil(request, signature) + bare);
      },
      "XSW6, inside the signature of another assertion": (request) => {
        const { signature, bare } = parts(request, "Assertion");
        return response(request, evil(request, holding(signature, bare)));
      },
      "XSW7, another assertion of the same id in an extension": (request) => {
        const { own } = parts(request, "Assertion");
        return response(request, `<samlp:Extensions>${evil(request, "", "_a")}</samlp:Extensions>${own}`);
      },
      "XSW8, the original in an object of the signature": (request) => {
        const { signature, bare } = parts(request, "Assertion");
        return response(request, evil(request, holding(signature, bare), "_a"));
      },
      "a reference to everything": (request) =>
        parts(request, "Assertion").xml.replace('URI="#_a"', 'URI=""'),
      "another namespace": (request) =>
        parts(request, "Assertion").xml.replace(
          "</samlp:Response>",
          `<x:Assertion xmlns:x="urn:x" ID="_b"/></samlp:Response>`,
        ),
    };
    const let_in: string[] = [];
    for (const [name, wrap] of Object.entries(wrappings)) {
      server.advance(3_700_000);
      const asked = await ask();
      const answer = await post(wrap(asked.request), asked.cookie);
      if (answer.status !== 400) let_in.push(`${name}: ${answer.status}`);
    }
    expect(let_in).toEqual([]);
    const asked = await ask();
    expect(isToken(outcome(await post(parts(asked.request, "Assertion").xml, asked.cookie)))).toBe(true);
  });

  it("vouches for its own tenant alone", async () => {
    const other = await aUser(server, { tenant: "other", email: "eve@example.com" });
    const theirs = await addProvider(server, other.token, { body: metadataOf(signer), headers: XML });
    const asked = await ask(theirs);
    const xml = good(asked, { recipient: acsOf(theirs), audience: said("").audience.replace(id, theirs) });
    expect(outcome(await post(xml.replace(acsOf(id), acsOf(theirs)), asked.cookie, theirs))).toBe(
      "there is no user of this address here",
    );
    const ours = await ask();
    expect(outcome(await post(good(ours), ours.cookie, theirs))).toBe(
      "the sign-in was not begun in this browser, or too long ago",
    );
    expect(isToken(outcome(await post(good(ours), ours.cookie)))).toBe(true);
  });

  it("takes nothing but a form that is not too large", async () => {
    const path = `${USERADM}/auth/sso/${id}/acs`;
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await server.call("POST", path, { json: {} })).status).toBe(415);
    expect((await server.call("POST", path, { body: "a=1", headers: form })).status).toBe(400);
    expect(
      (await server.call("POST", path, { body: `SAMLResponse=${"A".repeat(600_000)}`, headers: form }))
        .status,
    ).toBe(413);
    expect((await server.call("POST", path, { body: "SAMLResponse=%FF%FE", headers: form })).status).toBe(
      400,
    );
  });
});

describe("metadata of a SAML provider", () => {
  const put = (body: string) =>
    server.call("PUT", `${METADATA}/${id}`, { token: admin.token, body, headers: XML });

  it("may come later, and are shown as they were sent", async () => {
    server.advance(1);
    const empty = await addProvider(server, admin.token, { body: "", headers: XML });
    expect((await server.call("GET", `${USERADM}/auth/sso/${empty}/login`)).status).toBe(422);
    expect(
      (await server.call("GET", `${USERADM}/sso/sp/metadata/${empty}`, { token: admin.token })).status,
    ).toBe(204);
    const sent = metadataOf(signer, `validUntil="${at(86_400_000)}"`);
    expect((await put(sent)).status).toBe(204);
    const shown = await server.call("GET", `${METADATA}/${id}`, { token: admin.token });
    expect([shown.headers.get("content-type"), shown.text]).toEqual(["application/samlmetadata+xml", sent]);
    expect((await server.call("GET", METADATA, { token: admin.token })).json()).toEqual([
      { id, issuer: ENTITY, valid_until: at(86_400_000) },
      { id: empty, issuer: "" },
    ]);
    server.advance(86_400_000);
    const asked = await ask();
    expect(outcome(await post(good(asked), asked.cookie))).toBe(
      "the metadata of the provider are out of date",
    );
  });

  it("may be an address, which is read anew once a day, for a new key", async () => {
    let published = metadataOf(signer);
    outsideIs(() => new Response(published));
    expect(
      (await put("<IdentityProviderUrl>https://id.example.com/metadata</IdentityProviderUrl>")).status,
    ).toBe(204);
    published = metadataOf(stranger);
    server.advance(86_400_000);
    await ask();
    const asked = await ask();
    expect(outcome(await post(good(asked), asked.cookie))).toBe("the answer is not signed by the provider");
    const xml = signed(response(asked.request, assertion(said(asked.request))), { by: stranger });
    expect(isToken(outcome(await post(xml, asked.cookie)))).toBe(true);
  });

  it("are refused where they are wrong", async () => {
    const sent = metadataOf(signer);
    const bad = [
      "<",
      "<a/>",
      `<!DOCTYPE x>${sent}`,
      sent.replace("HTTP-Redirect", "HTTP-POST"),
      sent.replace("https://id.example.com/sso?a=1", "javascript:alert(1)"),
      sent.replace(signer.certificate, "AAAA"),
      sent.replace(/<KeyDescriptor.*<\/KeyDescriptor>/s, ""),
      sent.replace(`entityID="${ENTITY}"`, ""),
      metadataOf(signer, 'validUntil="soon"'),
      "<IdentityProviderUrl>not an address</IdentityProviderUrl>",
      "<IdentityProviderUrl>https://id.example.com/metadata</IdentityProviderUrl>",
    ];
    for (const body of bad) expect([body, (await put(body)).status]).toEqual([body, 400]);
    expect((await put("x".repeat(300_000))).status).toBe(413);
    const text = await server.call("PUT", `${METADATA}/${id}`, {
      token: admin.token,
      body: sent,
      headers: { "Content-Type": "text/plain" },
    });
    expect(text.status).toBe(415);
  });
});
