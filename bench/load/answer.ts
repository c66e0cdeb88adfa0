/** An answer as it came over the wire: the head as text, the body as text. */
export interface Answer {
  status: number;
  head: string;
  body: string;
}

const HEAD_END = "\r\n\r\n";
const LENGTH = /\r\ncontent-length:[ \t]*(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:[ \t]*chunked/i;

/** The value of a header by its name in any case. */
export function headerOf({ head }: Answer, name: string): string | undefined {
  const line = head.split("\r\n").find((one) => one.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function unchunked(text: string): string | undefined {
  let body = "";
  for (let at = 0; ;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!(size >= 0)) throw new Error("a chunk without a size");
    const [from, to] = [lineEnd + 2, lineEnd + 2 + size];
    if (text.length < to + 2) return undefined;
    if (size === 0) return body;
    body += text.slice(from, to);
    at = to + 2;
  }
}

/** Reads answers that come one at a time, as they do on a connection without pipelining. Bytes are latin1 text. */
export class AnswerReader {
  #text = "";

  /** Whether a part of an answer has come. */
  get hasBegun(): boolean {
    return this.#text !== "";
  }

  /** The answer once it is whole. */
  push(piece: string): Answer | undefined {
    this.#text += piece;
    const headEnd = this.#text.indexOf(HEAD_END);
    if (headEnd < 0) return undefined;
    const head = this.#text.slice(0, headEnd);
    const rest = this.#text.slice(headEnd + HEAD_END.length);
    const status = Number(head.slice(9, 12));
    const body = status === 204 || status === 304 ? "" : bodyOf(head, rest);
    if (body === undefined) return undefined;
    this.#text = "";
    return { status, head, body };
  }
}

function bodyOf(head: string, rest: string): string | undefined {
  const length = LENGTH.exec(head)?.[1];
  if (length !== undefined) return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
  return CHUNKED.test(head) ? unchunked(rest) : "";
}
