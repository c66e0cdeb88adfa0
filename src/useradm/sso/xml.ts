import { DOMParser, type Document, type Element } from "@xmldom/xmldom/lib/dom-parser.js";

export const NS = {
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
  encryption: "http://www.w3.org/2001/04/xmlenc#",
} as const;

/** What is not read at all: broken, or made to keep us busy. */
export class UnreadableXml extends Error {
  override readonly name = "UnreadableXml";
}

/** Tags of a document; the largest real ones have some hundreds. */
const MAX_TAGS = 20_000;
/** Parsers and canonicalisation call themselves for each level. */
const MAX_DEPTH = 100;

function requireFlat(xml: string): void {
  // Definitions of entities are what bombs are made of, and no document of SAML has any.
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) throw new UnreadableXml("document types are not read");
  let depth = 0;
  let tags = 0;
  for (const [tag] of xml.matchAll(/<[^!?][^>]*>/g)) {
    if (tag.startsWith("</")) depth -= 1;
    else if (!tag.endsWith("/>")) depth += 1;
    tags += 1;
    if (depth > MAX_DEPTH || tags > MAX_TAGS) throw new UnreadableXml("the document is too large");
  }
}

const refuse = (message: string): never => {
  throw new UnreadableXml(message);
};

export type ParsedXml = Document & { documentElement: Element };

/** The root of a document without a document type. */
export function parseXml(xml: string): ParsedXml {
  requireFlat(xml);
  try {
    const parser = new DOMParser({ errorHandler: { warning: refuse, error: refuse, fatalError: refuse } });
    const document = parser.parseFromString(xml, "text/xml");
    if (document?.documentElement && !document.doctype) return document as ParsedXml; // as was just seen
  } catch (cause) {
    throw new UnreadableXml("the XML is malformed", { cause });
  }
  throw new UnreadableXml("the XML is malformed");
}

const isNamed = (node: Element, [namespace, name]: readonly [string, string]) =>
  node.namespaceURI === namespace && node.localName === name;

/** Elements of a name right below one. */
export const children = (parent: Element, namespace: string, name: string): Element[] =>
  Array.from(parent.childNodes).filter(
    (node): node is Element => node.nodeType === 1 && isNamed(node as Element, [namespace, name]), // 1 is an element
  );

/** The one element of a name right below one; undefined if there is none, or are several. */
export function only(parent: Element, namespace: string, name: string): Element | undefined {
  const found = children(parent, namespace, name);
  return found.length === 1 ? found[0] : undefined;
}

/** Elements of a name, whatever their namespace, anywhere in a document. */
export const everywhere = (document: Document, name: string): Element[] =>
  Array.from(document.getElementsByTagNameNS("*", name));

export const textOf = (element: Element | undefined): string => element?.textContent?.trim() ?? "";

export const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
