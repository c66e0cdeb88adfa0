/**
 * A pull source of bytes. Sources nest without copying: an entry of the outer tar is a source
 * for a decoder, which is a source for the inner tar.
 */
export interface ByteSource {
  /** Makes at least one byte available; false at the end. */
  fill(): boolean | Promise<boolean>;
  /** Some of the available bytes, at most `maxBytes`: a view that holds until the next `fill`. */
  take(maxBytes: number): Uint8Array;
}

/** `limit` is a limit of ours, `surplus` more bytes than were announced. */
export type StreamFaultKind = "truncated" | "corrupt" | "limit" | "surplus";

/** What a byte stream can be guilty of; the reader of the artifact gives it a context. */
export class StreamFault extends Error {
  override readonly name = "StreamFault";
  readonly kind: StreamFaultKind;
  constructor(kind: StreamFaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export const truncated = (): StreamFault => new StreamFault("truncated", "unexpected EOF");

const tooManyBytes = (): StreamFault => new StreamFault("surplus", "read too many bytes");

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });

/** Text as it stands, a byte order mark included; invalid bytes become U+FFFD. */
export const decodeText = (bytes: Uint8Array): string => utf8.decode(bytes);

export const EMPTY_BYTES = new Uint8Array(0);

/** Reads an iterable of chunks, and never further than `maxBytes`. */
export class ChunkSource implements ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #maxBytes: number;
  #chunk: Uint8Array = EMPTY_BYTES;
  #offset = 0;
  #received = 0;
  #ended = false;
  #isOver = false;

  constructor(chunks: AsyncIterable<Uint8Array>, maxBytes = Number.MAX_SAFE_INTEGER) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#maxBytes = maxBytes;
  }

  /** Bytes handed out so far. */
  get bytesRead(): number {
    return this.#received - (this.#chunk.length - this.#offset);
  }

  fill(): boolean | Promise<boolean> {
    return this.#offset < this.#chunk.length || this.#pull();
  }

  take(maxBytes: number): Uint8Array {
    const end = Math.min(this.#offset + maxBytes, this.#chunk.length);
    const view = this.#chunk.subarray(this.#offset, end);
    this.#offset = end;
    return view;
  }

  /** Tells the producer that nothing more is wanted. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#iterator.return?.();
  }

  async #pull(): Promise<boolean> {
    if (this.#isOver) throw tooManyBytes();
    // The producer may take its chunk back when it is asked for another.
    this.#chunk = EMPTY_BYTES;
    this.#offset = 0;
    while (!this.#ended) {
      const next = await this.#iterator.next();
      if (next.done) {
        this.#ended = true;
        break;
      }
      if (next.value.length === 0) continue;
      const room = this.#maxBytes - this.#received;
      this.#isOver = next.value.length > room;
      if (room === 0) throw tooManyBytes();
      this.#chunk = this.#isOver ? next.value.subarray(0, room) : next.value;
      this.#received += this.#chunk.length;
      return true;
    }
    return false;
  }
}

/** Fills `target` and returns how much of it was filled before the end. */
export async function readInto(source: ByteSource, target: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < target.length && (await source.fill())) {
    const part = source.take(target.length - filled);
    target.set(part, filled);
    filled += part.length;
  }
  return filled;
}

export async function readExactly(source: ByteSource, length: number): Promise<Uint8Array> {
  const target = new Uint8Array(length);
  if ((await readInto(source, target)) < length) throw truncated();
  return target;
}

/** Everything that is left, as long as it is not more than `maxBytes`. */
export async function readRest(source: ByteSource, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (await source.fill()) {
    const part = source.take(maxBytes + 1 - length);
    length += part.length;
    if (length > maxBytes) throw new StreamFault("limit", `more than ${maxBytes} bytes`);
    // A copy also of a Buffer, whose own `slice` is only a view of what may be lent.
    parts.push(new Uint8Array(part));
  }
  return joinBytes(parts);
}

/** Reads to the end and returns the number of bytes passed over. */
export async function skipRest(source: ByteSource): Promise<number> {
  let skipped = 0;
  while (await source.fill()) skipped += source.take(Number.MAX_SAFE_INTEGER).length;
  return skipped;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Shows every byte that passes to `observe`. */
export function observed(source: ByteSource, observe: (bytes: Uint8Array) => void): ByteSource {
  return {
    fill: () => source.fill(),
    take(maxBytes) {
      const view = source.take(maxBytes);
      observe(view);
      return view;
    },
  };
}
