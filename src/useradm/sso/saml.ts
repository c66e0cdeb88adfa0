import { deflateRawSync } from "node:zlib";
import type { Element } from "@xmldom/xmldom/lib/dom-parser.js";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { PENDING_LIFE_S, type Pending } from "./pending.ts";
import type { Person } from "./person.ts";
import { addressesOf } from "./provider-content.ts";
import type { Provider } from "./provider-store.ts";
import { SignInRefused } from "./refusal.ts";
import { decryptedAssertion } from "./saml-decrypt.ts";
import { signedByUs } from "./saml-key.ts";
import { authnRequest, samlDetails } from "./saml-metadata.ts";
import { signedAssertion } from "./saml-signature.ts";
import { children, NS, only, parseXml, textOf, UnreadableXml } from "./xml.ts";

/** Clocks of two machines may differ by so much. */
const SKEW_MS = 60_000;
const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success";
const TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const EMAIL_ATTRIBUTES = [
  "email",
  "mail",
  "urn:oid:0.9.2342.19200300.100.1.3",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
];
/** Conditions that a service is allowed not to act on: it keeps assertions no longer than it reads them. */
const HARMLESS_CONDITIONS = ["OneTimeUse", "ProxyRestriction"];

/** What is signed is the query to the letter (SAML bindings, 3.4.4.1). */
async function signed(deps: Deps, provider: Provider, query: string): Promise<string> {
  const told = `${query}&SigAlg=${encodeURIComponent("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")}`;
  const signature = await signedByUs(deps, provider, told);
  if (signature === undefined)
    throw new Fault("unprocessable", "requests have to be signed: give the provider our metadata first");
  return `${told}&Signature=${encodeURIComponent(signature)}`;
}

/** Where a browser is sent to sign in, and what it keeps until it comes back. */
export async function beginSaml(
  deps: Deps,
  provider: Provider,
): Promise<{ location: string; pending: Pending }> {
  const request = `_${Buffer.from(crypto.getRandomValues(new Uint8Array(20))).toString("hex")}`;
  const { signOnUrl, wantsSigned } = samlDetails(provider);
  const deflated = deflateRawSync(Buffer.from(authnRequest(deps, provider, request)));
  const query = `SAMLRequest=${encodeURIComponent(deflated.toString("base64"))}`;
  const location = new URL(signOnUrl);
  location.search +=
    (location.search === "" ? "" : "&") + (wantsSigned ? await signed(deps, provider, query) : query);
  return {
    location: location.href,
    pending: { request, untilMs: deps.now() + PENDING_LIFE_S * 1000 },
  };
}

const refuse = (reason: string): never => {
  throw new SignInRefused(reason);
};

/** The XML of the form field. */
export function decodeResponse(field: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Buffer.from(field, "base64"));
  } catch (cause) {
    throw new SignInRefused("the answer is not in UTF-8", { cause });
  }
}

/** Which request a response says it answers; nobody has vouched for that yet. */
export function requestNamedIn(xml: string): string {
  try {
    return parseXml(xml).documentElement.getAttribute("InResponseTo") ?? "";
  } catch (cause) {
    if (cause instanceof UnreadableXml) throw new SignInRefused(cause.message, { cause });
    throw cause;
  }
}

interface Expected {
  provider: Provider;
  request: string;
  acs: string;
  entityId: string;
  nowMs: number;
}

function checkTimes(element: Element, nowMs: number): void {
  const time = (name: string) => {
    const text = element.getAttribute(name);
    return text ? Date.parse(text) : undefined;
  };
  const [from, until] = [time("NotBefore"), time("NotOnOrAfter")];
  if (from !== undefined && !(nowMs + SKEW_MS >= from)) refuse("the answer is not good yet");
  if (until !== undefined && !(nowMs - SKEW_MS < until)) refuse("the answer is not good any more");
}

/** Parts of the response around the assertion: nobody need have signed them, so they can only speak against it. */
function checkResponse(xml: string, { acs }: Expected): void {
  const response = parseXml(xml).documentElement;
  const destination = response.getAttribute("Destination");
  if (destination && destination !== acs) refuse("the answer is for another address");
  const status = only(response, NS.protocol, "Status");
  const code = status && only(status, NS.protocol, "StatusCode");
  if (code?.getAttribute("Value") !== SUCCESS) refuse("the provider did not let you in");
}

/** Whether the subject may be confirmed by whoever brings this answer, here and now. */
function isConfirmed(confirmation: Element, { request, acs, nowMs }: Expected): boolean {
  const data = only(confirmation, NS.assertion, "SubjectConfirmationData");
  if (confirmation.getAttribute("Method") !== BEARER || !data) return false;
  const until = Date.parse(data.getAttribute("NotOnOrAfter") ?? "");
  return (
    data.getAttribute("Recipient") === acs &&
    data.getAttribute("InResponseTo") === request &&
    !data.getAttribute("NotBefore") &&
    nowMs - SKEW_MS < until
  );
}

function checkConditions(assertion: Element, { entityId, nowMs }: Expected): void {
  const conditions = only(assertion, NS.assertion, "Conditions") ?? refuse("the answer has no conditions");
  checkTimes(conditions, nowMs);
  const restrictions = children(conditions, NS.assertion, "AudienceRestriction");
  const isForUs = (restriction: Element) =>
    children(restriction, NS.assertion, "Audience").some((one) => textOf(one) === entityId);
  if (restrictions.length === 0 || !restrictions.every(isForUs)) refuse("the answer is for another service");
  const elements = Array.from(conditions.childNodes).filter(({ nodeType }) => nodeType === 1).length;
  const known = HARMLESS_CONDITIONS.flatMap((name) => children(conditions, NS.assertion, name));
  if (elements !== restrictions.length + known.length) refuse("the answer has conditions we do not know");
}

function attributesOf(assertion: Element): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const statement of children(assertion, NS.assertion, "AttributeStatement"))
    for (const attribute of children(statement, NS.assertion, "Attribute")) {
      const name = attribute.getAttribute("Name") ?? "";
      const own = children(attribute, NS.assertion, "AttributeValue").map(textOf);
      values.set(name, [...(values.get(name) ?? []), ...own]);
    }
  return values;
}

function personIn(assertion: Element, subject: Element): Person {
  const nameId = only(subject, NS.assertion, "NameID") ?? refuse("the provider sent no name id");
  if (nameId.getAttribute("Format") === TRANSIENT) refuse("the provider must send a lasting name id");
  const attributes = attributesOf(assertion);
  const name = textOf(nameId);
  const email = EMAIL_ATTRIBUTES.flatMap((one) => attributes.get(one) ?? [])[0] ?? name;
  // Not all providers say how somebody signed in.
  const [statement] = children(assertion, NS.assertion, "AuthnStatement");
  const until = Date.parse(statement?.getAttribute("SessionNotOnOrAfter") ?? "");
  return {
    subject: name,
    email,
    isVerified: undefined,
    valuesOf: (attribute) => attributes.get(attribute) ?? [],
    untilMs: Number.isNaN(until) ? undefined : until,
  };
}

async function checked(deps: Deps, xml: string, expected: Expected): Promise<Person> {
  const { provider, nowMs } = expected;
  if (provider.validUntilMs !== null && nowMs >= provider.validUntilMs)
    refuse("the metadata of the provider are out of date");
  const decrypt = (element: Element) => decryptedAssertion(deps, provider, element);
  const assertion = await signedAssertion(xml, samlDetails(provider).keys, decrypt);
  checkResponse(xml, expected);
  if (textOf(only(assertion, NS.assertion, "Issuer")) !== provider.issuer)
    refuse("the answer is by another provider");
  const subject = only(assertion, NS.assertion, "Subject") ?? refuse("the answer is about nobody");
  const confirmations = children(subject, NS.assertion, "SubjectConfirmation");
  if (!confirmations.some((one) => isConfirmed(one, expected)))
    refuse("the answer is not for this sign-in, or came too late");
  checkConditions(assertion, expected);
  const person = personIn(assertion, subject);
  if (person.untilMs !== undefined && person.untilMs <= nowMs) refuse("the answer is not good any more");
  return person;
}

/** Whom the provider vouches for in its answer to this request. */
export async function finishSaml(
  deps: Deps,
  provider: Provider,
  { xml, pending }: { xml: string; pending: Pending },
): Promise<Person> {
  const { acs, entityId } = addressesOf(deps, provider);
  try {
    return await checked(deps, xml, { provider, request: pending.request, acs, entityId, nowMs: deps.now() });
  } catch (cause) {
    deps.log.info("sign-in refused", { provider: provider.id, cause });
    if (cause instanceof UnreadableXml) throw new SignInRefused(cause.message, { cause });
    throw cause;
  }
}
