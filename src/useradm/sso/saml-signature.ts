import { createPublicKey, verify, X509Certificate } from "node:crypto";
import type { Element } from "@xmldom/xmldom/lib/dom-parser.js";
import { SignedXml, type SignatureAlgorithm } from "xml-crypto";
import { SignInRefused } from "./refusal.ts";
import { children, everywhere, NS, only, parseXml, type ParsedXml } from "./xml.ts";

const SIGNATURES = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
  "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
] as const;
/** Signatures by keys on elliptic curves, which the library does not know. */
const ellipticWith = (bits: 256 | 384 | 512) => {
  const name = `http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha${bits}`;
  return [
    name,
    class implements Pick<SignatureAlgorithm, "verifySignature" | "getAlgorithmName"> {
      getAlgorithmName = () => name;
      verifySignature = (material: string, key: unknown, signature: string): boolean =>
        verify(
          `sha${bits}`,
          Buffer.from(material),
          { key: String(key), dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64"),
        );
    },
  ] as const;
};
const ELLIPTIC = Object.fromEntries(([256, 384, 512] as const).map(ellipticWith));
const DIGESTS = [
  "http://www.w3.org/2001/04/xmlenc#sha256",
  "http://www.w3.org/2001/04/xmlenc#sha512",
] as const;
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/** Without comments: what is signed holds none, so that none can cut a name in two. */
const EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
const TRANSFORMS = [ENVELOPED, EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"] as const;

const unsigned = (cause?: unknown) =>
  new SignInRefused("the answer is not signed by the provider", { cause });

const among = <T extends string, V>(all: Record<T, V>, names: readonly T[]): Record<T, V> =>
  Object.fromEntries(names.map((name) => [name, all[name]])) as Record<T, V>; // fewer: that is what it is for

/** The public key of a certificate, as PEM. Whether the certificate itself is still good is not asked, as usual with SAML. */
export const keyOf = (certificate: string): string =>
  createPublicKey(
    new X509Certificate(Buffer.from(certificate, "base64")).publicKey.export({ format: "pem", type: "spki" }),
  )
    .export({ format: "pem", type: "spki" })
    .toString();

/** The end of a certificate, in milliseconds. */
export const endOf = (certificate: string): number =>
  Date.parse(new X509Certificate(Buffer.from(certificate, "base64")).validTo);

/** What this signature signs, in canonical form, if it was made by one of the keys. */
function signedBy(xml: string, signature: Element, keys: readonly string[]): string | undefined {
  for (const publicCert of keys) {
    // No key of the document itself is ever looked at.
    const verifier = new SignedXml({ publicCert, getCertFromKeyInfo: () => null });
    verifier.SignatureAlgorithms = {
      ...among(verifier.SignatureAlgorithms, SIGNATURES),
      ...(ELLIPTIC as unknown as typeof verifier.SignatureAlgorithms), // these only verify
    };
    verifier.HashAlgorithms = among(verifier.HashAlgorithms, DIGESTS);
    verifier.CanonicalizationAlgorithms = among(verifier.CanonicalizationAlgorithms, TRANSFORMS);
    try {
      verifier.loadSignature(signature);
      if (!verifier.checkSignature(xml)) continue;
      const signed = verifier.getSignedReferences();
      if (signed.length === 1) return signed[0];
    } catch {
      // By another key, or no signature that we know.
    }
  }
  return undefined;
}

/** A signature right below what it signs, and nothing else signed by it. */
function isInPlace(signature: Element): boolean {
  const parent = signature.parentNode as Element | null; // a signature is never the root here
  const info = only(signature, NS.signature, "SignedInfo");
  const references = info ? children(info, NS.signature, "Reference") : [];
  const id = parent?.getAttribute("ID") ?? "";
  return id !== "" && references.length === 1 && references[0]?.getAttribute("URI") === `#${id}`;
}

/** The root of what is signed in a document: its parts `inPlace` hold all signatures there are, the first of which counts. */
function signedRoot(
  xml: string,
  document: ParsedXml,
  inPlace: readonly Element[],
  keys: readonly string[],
): Element {
  if (everywhere(document, "Signature").length !== inPlace.length || !inPlace.every(isInPlace))
    throw unsigned();
  const [signature] = inPlace;
  const signed = signature && signedBy(xml, signature, keys);
  if (signed === undefined) throw unsigned();
  return parseXml(signed).documentElement;
}

type Decrypt = (encrypted: Element) => Promise<string | undefined>;

/** What was encrypted, if the response around it is signed or it is itself. */
async function encryptedAssertion(
  xml: string,
  document: ParsedXml,
  { keys, decrypt }: { keys: readonly string[]; decrypt: Decrypt },
): Promise<Element> {
  const around = children(document.documentElement, NS.signature, "Signature");
  const response = around.length > 0 ? signedRoot(xml, document, around, keys) : document.documentElement;
  const encrypted = only(response, NS.assertion, "EncryptedAssertion");
  if (!encrypted || everywhere(document, "Assertion").length > 0)
    throw new SignInRefused("the answer does not hold one assertion");
  const plain = await decrypt(encrypted);
  if (plain === undefined) throw unsigned();
  const inner = parseXml(plain);
  if (everywhere(inner, "Assertion").length !== 1) throw unsigned();
  const root = inner.documentElement;
  return assertionIn(
    around.length > 0 ? root : signedRoot(plain, inner, children(root, NS.signature, "Signature"), keys),
  );
}

/**
 * The assertion of a response, read from nothing but the bytes that a key of the provider has signed: whatever else is
 * wrapped around them, or hidden in them, is never looked at.
 */
export async function signedAssertion(
  xml: string,
  keys: readonly string[],
  decrypt: Decrypt,
): Promise<Element> {
  const document = parseXml(xml);
  const response = document.documentElement;
  if (response.namespaceURI !== NS.protocol || response.localName !== "Response")
    throw new SignInRefused("the answer is no response of SAML");
  if (everywhere(document, "EncryptedAssertion").length > 0)
    return encryptedAssertion(xml, document, { keys, decrypt });
  const assertion = only(response, NS.assertion, "Assertion");
  if (!assertion || everywhere(document, "Assertion").length !== 1)
    throw new SignInRefused("the answer does not hold one assertion");
  const inPlace = [assertion, response].flatMap((parent) => children(parent, NS.signature, "Signature"));
  return assertionIn(signedRoot(xml, document, inPlace, keys));
}

function assertionIn(root: Element): Element {
  const isAssertion = root.namespaceURI === NS.assertion && root.localName === "Assertion";
  const isResponse = root.namespaceURI === NS.protocol && root.localName === "Response";
  const assertion = isAssertion ? root : isResponse ? only(root, NS.assertion, "Assertion") : undefined;
  if (!assertion) throw unsigned();
  return assertion;
}
