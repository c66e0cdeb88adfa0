import { type ByteSource, ChunkSource, decodeText, joinBytes } from "../artifact/bytes.ts";
import { Fault } from "../platform/fault.ts";
import { type ChunkOptions, streamChunks } from "./chunks.ts";
import { type PartHeader, parsePartHeader } from "./multipart-header.ts";

export { multipartBoundary } from "./multipart-header.ts";

export type MultipartPart = PartHeader & {
  /** Can be read once, and only before the next part is asked for. */
  body: AsyncIterable<Uint8Array>;
};

export type MultipartFaultReason = "truncated" | "header_malformed" | "header_too_large" | "too_many_parts";

/** The body is not what its content type says. */
export class MultipartFault extends Error {
  override readonly name = "MultipartFault";
  readonly reason: MultipartFaultReason;
  constructor(reason: MultipartFaultReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

const MAX_PART_HEADER_BYTES = 16 * 1024;
const MAX_PARTS = 1_000;
/** Blanks that a sender may put between a boundary and its line end. */
const MAX_BOUNDARY_PADDING = 64;
/** A short epilogue is read, so that the connection can be used again. */
const MAX_EPILOGUE_BYTES = 64 * 1024;

/** Yields the parts one after the other in constant memory; what a consumer leaves is skipped. */
export async function* readMultipart(
  body: ReadableStream<Uint8Array>,
  boundary: string,
  options: ChunkOptions = {},
): AsyncGenerator<MultipartPart, void> {
  const source = new ChunkSource(untilBroken(streamChunks(body, options)));
  const scanner = new Scanner(source, boundary);
  try {
    await scanner.skipContent();
    for (let count = 1; !(await scanner.isAtEnd()); count++) {
      if (count > MAX_PARTS) throw new MultipartFault("too_many_parts", `more than ${MAX_PARTS} parts`);
      const header = await scanner.readHeader();
      yield { ...header, body: scanner.content() };
      await scanner.skipContent();
    }
    await skipEpilogue(source);
  } finally {
    await source.close();
  }
}

/** A client that goes away in the middle, or chunks that are none, end the body like a cut one. */
async function* untilBroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await iterator.next().catch((cause: unknown) => {
        if (cause instanceof Fault && cause.kind !== "bad_request") throw cause;
        throw new MultipartFault("truncated", "the body breaks off", { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function skipEpilogue(source: ByteSource): Promise<void> {
  let skipped = 0;
  while (skipped < MAX_EPILOGUE_BYTES && (await source.fill())) {
    skipped += source.take(MAX_EPILOGUE_BYTES).length;
  }
}

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const DASH = 0x2d;
const LINE_END = Buffer.from("\r\n");
const HEADER_END = Buffer.from("\r\n\r\n");

const truncatedBody = (): MultipartFault =>
  new MultipartFault("truncated", "the body ends before its last boundary");

/** Alternates between the content of a part and what stands between two parts. */
class Scanner {
  readonly #source: ByteSource;
  readonly #delimiter: Buffer;
  /** What has been received and not yet passed on. */
  #window: Buffer = LINE_END;
  #isInContent = true;
  #part = 0;

  constructor(source: ByteSource, boundary: string) {
    this.#source = source;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  async *content(): AsyncGenerator<Uint8Array, void> {
    const part = this.#part;
    while (this.#isInContent && this.#part === part) {
      const piece = await this.#nextPiece();
      if (piece.length > 0) yield piece;
    }
  }

  async skipContent(): Promise<void> {
    while (this.#isInContent) await this.#nextPiece();
  }

  /** Right behind a boundary: two dashes end the body. */
  async isAtEnd(): Promise<boolean> {
    await this.#require(2);
    return this.#window[0] === DASH && this.#window[1] === DASH;
  }

  async readHeader(): Promise<PartHeader> {
    let end = this.#window.indexOf(HEADER_END);
    while (end < 0) {
      if (this.#window.length > MAX_PART_HEADER_BYTES) break;
      await this.#grow();
      end = this.#window.indexOf(HEADER_END);
    }
    if (end < 0 || end > MAX_PART_HEADER_BYTES) {
      throw new MultipartFault(
        "header_too_large",
        `a part's header is larger than ${MAX_PART_HEADER_BYTES} bytes`,
      );
    }
    // The window starts with the boundary's line end.
    const lines = decodeText(this.#window.subarray(LINE_END.length, Math.max(end, LINE_END.length)));
    const header = parsePartHeader(lines);
    if (header === null) throw new MultipartFault("header_malformed", "a part's header is malformed");
    this.#window = this.#window.subarray(end + HEADER_END.length);
    this.#isInContent = true;
    this.#part++;
    return header;
  }

  /** The next piece of content, empty if there is none before the boundary. */
  async #nextPiece(): Promise<Uint8Array> {
    const start = this.#window.indexOf(this.#delimiter);
    if (start >= 0) return this.#pieceBeforeDelimiter(start);
    const end = this.#possibleDelimiter();
    if (end > 0) return this.#consume(end);
    await this.#grow();
    return this.#window.subarray(0, 0);
  }

  async #pieceBeforeDelimiter(start: number): Promise<Uint8Array> {
    if (start > 0) return this.#consume(start);
    const length = await this.#boundaryLength();
    if (length === null) return this.#consume(this.#delimiter.length);
    this.#consume(length);
    this.#isInContent = false;
    return this.#window.subarray(0, 0);
  }

  /** With its blanks; null if the line goes on and so is content that looks like a boundary. */
  async #boundaryLength(): Promise<number | null> {
    let length = this.#delimiter.length;
    await this.#require(length + 2);
    if (this.#window[length] === DASH && this.#window[length + 1] === DASH) return length;
    const limit = length + MAX_BOUNDARY_PADDING;
    while (length < limit && isBlank(this.#window[length])) await this.#require(++length + 2);
    const isLineEnd = this.#window[length] === CARRIAGE_RETURN && this.#window[length + 1] === LINE_FEED;
    return isLineEnd ? length : null;
  }

  /** Where the end of the window could be the start of a delimiter, else the window's length. */
  #possibleDelimiter(): number {
    const from = Math.max(0, this.#window.length - this.#delimiter.length + 1);
    const tail = this.#window.subarray(from);
    const at = tail.lastIndexOf(CARRIAGE_RETURN);
    if (at < 0) return this.#window.length;
    const isPrefix = this.#delimiter.subarray(0, tail.length - at).equals(tail.subarray(at));
    return isPrefix ? from + at : this.#window.length;
  }

  #consume(length: number): Uint8Array {
    const piece = this.#window.subarray(0, length);
    this.#window = this.#window.subarray(length);
    return piece;
  }

  async #require(length: number): Promise<void> {
    while (this.#window.length < length) await this.#grow();
  }

  async #grow(): Promise<void> {
    // The next read may take back the buffer that the window looks into.
    const kept = this.#window.length === 0 ? null : new Uint8Array(this.#window);
    if (!(await this.#source.fill())) throw truncatedBody();
    const chunk = this.#source.take(Number.MAX_SAFE_INTEGER);
    const joined = kept === null ? chunk : joinBytes([kept, chunk]);
    this.#window = Buffer.from(joined.buffer, joined.byteOffset, joined.length);
  }
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;
