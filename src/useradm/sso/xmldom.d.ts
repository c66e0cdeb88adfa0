// The package's own types bring those of a browser along, for every file. This is what is used of it.
declare module "@xmldom/xmldom/lib/dom-parser.js" {
  export interface Node {
    readonly nodeType: number;
    readonly childNodes: ArrayLike<Node>;
    readonly parentNode: Element | null;
    readonly textContent: string | null;
  }

  export interface Element extends Node {
    readonly namespaceURI: string | null;
    readonly localName: string;
    getAttribute: (name: string) => string | null;
    getElementsByTagNameNS: (namespace: string, name: string) => ArrayLike<Element>;
  }

  export interface Document {
    readonly documentElement: Element | null;
    readonly doctype: unknown;
    getElementsByTagNameNS: (namespace: string, name: string) => ArrayLike<Element>;
  }

  type Handler = (message: string) => void;

  export class DOMParser {
    constructor(options: { errorHandler: { warning: Handler; error: Handler; fatalError: Handler } });
    parseFromString(xml: string, type: string): Document | undefined;
  }
}
