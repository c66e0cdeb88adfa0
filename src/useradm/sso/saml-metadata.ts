import type { Element } from "@xmldom/xmldom/lib/dom-parser.js";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { askOutside, NotFetched } from "../../platform/outgoing-request.ts";
import { addressesOf, fetched, MAX_DOCUMENT, type Content } from "./provider-content.ts";
import type { Provider } from "./provider-store.ts";
import { endOf, keyOf } from "./saml-signature.ts";
import { children, escapeXml, everywhere, NS, only, parseXml, textOf, UnreadableXml } from "./xml.ts";

export interface SamlDetails {
  signOnUrl: string;
  /** Public keys, as PEM. */
  keys: string[];
  /** When the last of their certificates ends; of what was read before this was noted it is absent. */
  keysEndMs?: number;
  /** Whether requests have to be signed. */
  wantsSigned?: boolean;
  /** Where the metadata are published, if that is what was sent. */
  url: string | null;
}

/** Of a provider of this kind; only this file writes them. */
export const samlDetails = ({ details }: Pick<Provider, "details">) => details as SamlDetails;

const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const MAX_KEYS = 10;
const MAX_ENTITY_ID = 1024;

type Metadata = Pick<Content, "issuer" | "validUntilMs"> & Omit<SamlDetails, "url">;

const malformed = (problem: string) => new UnreadableXml(`the metadata ${problem}`);

/** Keys that are for signing, or for anything. */
function keysOf(descriptor: Element): Pick<Metadata, "keys" | "keysEndMs"> {
  const certificates = children(descriptor, NS.metadata, "KeyDescriptor")
    .filter((one) => one.getAttribute("use") !== "encryption")
    .flatMap((one) => Array.from(one.getElementsByTagNameNS(NS.signature, "X509Certificate")))
    .map((one) => textOf(one as Element).replace(/\s/g, ""));
  if (certificates.length === 0 || certificates.length > MAX_KEYS)
    throw malformed(`must have 1 to ${MAX_KEYS} signing certificates`);
  try {
    return { keys: [...new Set(certificates.map(keyOf))], keysEndMs: Math.max(...certificates.map(endOf)) };
  } catch {
    throw malformed("have a certificate that cannot be read");
  }
}

function signOnUrlOf(descriptor: Element): string {
  const url = children(descriptor, NS.metadata, "SingleSignOnService")
    .find((one) => one.getAttribute("Binding") === REDIRECT)
    ?.getAttribute("Location");
  const isAddress = url && URL.canParse(url) && ["https:", "http:"].includes(new URL(url).protocol);
  if (!isAddress) throw malformed("must have a SingleSignOnService with the binding HTTP-Redirect");
  return url;
}

/** Earliest of the times until which the parts are good. */
function validUntil(...parts: Element[]): number | null {
  const times = parts
    .flatMap((part) => part.getAttribute("validUntil") || [])
    .map((text) => Date.parse(text));
  if (times.some(Number.isNaN)) throw malformed("have a validUntil that is no time");
  return times.length === 0 ? null : Math.min(...times);
}

/** What a provider says of itself. */
function parseMetadata(xml: string): Metadata {
  const document = parseXml(xml);
  const entities = everywhere(document, "EntityDescriptor").filter((one) =>
    only(one, NS.metadata, "IDPSSODescriptor"),
  );
  const [entity] = entities;
  const descriptor = entity && only(entity, NS.metadata, "IDPSSODescriptor");
  if (!descriptor || entities.length > 1)
    throw malformed("must describe one identity provider (IDPSSODescriptor)");
  const issuer = entity.getAttribute("entityID") ?? "";
  if (issuer === "" || issuer.length > MAX_ENTITY_ID) throw malformed("must have an entityID");
  return {
    issuer,
    signOnUrl: signOnUrlOf(descriptor),
    ...keysOf(descriptor),
    wantsSigned: ["true", "1"].includes(descriptor.getAttribute("WantAuthnRequestsSigned") ?? ""),
    validUntilMs: validUntil(entity, descriptor),
  };
}

/** The address in a document that is nothing else. */
function addressIn(xml: string): string | undefined {
  const [found, more] = everywhere(parseXml(xml), "IdentityProviderUrl");
  return found && !more ? textOf(found) : undefined;
}

async function readPublished(deps: Deps, url: string): Promise<Metadata> {
  const response = await askOutside(deps, url, {}, MAX_DOCUMENT);
  if (response.status !== 200) throw new NotFetched(`it answers ${response.status}`);
  try {
    return parseMetadata(await response.text());
  } catch (cause) {
    if (cause instanceof UnreadableXml) throw new NotFetched(cause.message, { cause });
    throw cause;
  }
}

const contentOf = (
  document: string,
  { issuer, validUntilMs, ...rest }: Metadata,
  { url, fetchedMs }: { url: string | null; fetchedMs: number | null },
): Content => ({
  kind: "saml",
  document,
  clientSecret: null,
  issuer,
  details: { ...rest, url } satisfies SamlDetails,
  validUntilMs,
  fetchedMs,
});

/** Nothing yet: our own addresses are wanted first. */
const NOTHING: Metadata = { issuer: "", signOnUrl: "", keys: [], validUntilMs: null };

export async function readSaml(deps: Deps, text: string): Promise<Content> {
  if (text.trim() === "") return contentOf(text, NOTHING, { url: null, fetchedMs: null });
  try {
    const url = addressIn(text);
    if (url === undefined) return contentOf(text, parseMetadata(text), { url: null, fetchedMs: null });
    return contentOf(text, await fetched(readPublished(deps, url)), { url, fetchedMs: deps.now() });
  } catch (cause) {
    if (cause instanceof UnreadableXml) throw new Fault("bad_request", cause.message, { cause });
    throw cause;
  }
}

/** The provider as it is published now; it stays the same issuer. */
export async function rereadSaml(deps: Deps, provider: Provider): Promise<Provider> {
  const { url } = samlDetails(provider);
  if (url === null) return provider;
  const metadata = await readPublished(deps, url);
  if (metadata.issuer !== provider.issuer) throw new NotFetched("it is the metadata of another issuer");
  return { ...provider, ...contentOf(provider.document, metadata, { url, fetchedMs: deps.now() }) };
}

const METHODS = [
  "http://www.w3.org/2009/xmlenc11#aes256-gcm",
  "http://www.w3.org/2009/xmlenc11#aes128-gcm",
  `${NS.encryption}rsa-oaep-mgf1p`,
];

/** Our certificate for a use, and for encryption what we read. */
const keyDescriptor = (certificate: string, use: "signing" | "encryption"): string => {
  const methods = METHODS.map((method) => `<EncryptionMethod Algorithm="${method}"/>`).join("");
  return [
    `<KeyDescriptor use="${use}"><KeyInfo xmlns="${NS.signature}"><X509Data>`,
    `<X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo>`,
    `${use === "encryption" ? methods : ""}</KeyDescriptor>`,
  ].join("");
};

/** Ours, for a provider. */
export function serviceMetadata(deps: Deps, provider: Provider): string {
  const { entityId, acs } = addressesOf(deps, provider);
  const signs = provider.serviceKey !== null && samlDetails(provider).wantsSigned === true;
  const certificate = provider.serviceKey?.certificate;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<EntityDescriptor xmlns="${NS.metadata}" entityID="${escapeXml(entityId)}">`,
    `<SPSSODescriptor AuthnRequestsSigned="${signs}" WantAssertionsSigned="true" protocolSupportEnumeration="${NS.protocol}">`,
    ...(certificate
      ? (["signing", "encryption"] as const).map((use) => keyDescriptor(certificate, use))
      : []),
    `<NameIDFormat>${EMAIL_FORMAT}</NameIDFormat>`,
    `<AssertionConsumerService Binding="${POST}" Location="${escapeXml(acs)}" index="0" isDefault="true"/>`,
    `</SPSSODescriptor></EntityDescriptor>\n`,
  ].join("");
}

/** The question to a provider. */
export function authnRequest(deps: Deps, provider: Provider, id: string): string {
  const { entityId, acs } = addressesOf(deps, provider);
  const { signOnUrl } = samlDetails(provider);
  const attributes = {
    "xmlns:samlp": NS.protocol,
    "xmlns:saml": NS.assertion,
    ID: id,
    Version: "2.0",
    IssueInstant: new Date(deps.now()).toISOString(),
    Destination: signOnUrl,
    ProtocolBinding: POST,
    AssertionConsumerServiceURL: acs,
  };
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${escapeXml(value)}"`);
  return [
    `<samlp:AuthnRequest ${written.join(" ")}>`,
    `<saml:Issuer>${escapeXml(entityId)}</saml:Issuer>`,
    `<samlp:NameIDPolicy Format="${EMAIL_FORMAT}" AllowCreate="true"/>`,
    `</samlp:AuthnRequest>`,
  ].join("");
}
