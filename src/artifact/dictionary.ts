const MIN_BYTES = 4096;
const GROWTH = 4;
/** Every block has a window of its own, and there may be as many blocks as the file has room for. */
const FIRST_BYTES = 64 * 1024;

/**
 * The window an LZ decoder writes to and copies from: a ring as large as the encoder's, which
 * begins small and grows only when it is full.
 */
export class Dictionary {
  readonly #maxBytes: number;
  #ring: Uint8Array;
  #position = 0;
  /** How far back a copy may reach. */
  #reach = 0;
  #taken = 0;

  constructor(maxBytes: number) {
    // Positions are counted modulo 16 by the decoder, so the size is a multiple of that.
    this.#maxBytes = Math.max(MIN_BYTES, Math.ceil(maxBytes / MIN_BYTES) * MIN_BYTES);
    this.#ring = new Uint8Array(Math.min(this.#maxBytes, FIRST_BYTES));
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes that can be written before `written` has to be taken. */
  get room(): number {
    return this.#ring.length - this.#position;
  }

  reset(): void {
    this.#position = 0;
    this.#reach = 0;
    this.#taken = 0;
  }

  /** What was written since the last call: a view that holds until the next write. */
  takeWritten(): Uint8Array {
    const view = this.#ring.subarray(this.#taken, this.#position);
    if (this.#position === this.#ring.length) this.#makeRoom();
    this.#taken = this.#position;
    return view;
  }

  byteBack(distance: number): number {
    const from = this.#position - distance - 1;
    return this.#ring[from < 0 ? from + this.#ring.length : from] ?? 0;
  }

  put(byte: number): void {
    this.#ring[this.#position++] = byte;
    if (this.#reach < this.#position) this.#reach = this.#position;
  }

  append(bytes: Uint8Array): void {
    this.#ring.set(bytes, this.#position);
    this.#position += bytes.length;
    this.#reach = Math.max(this.#reach, this.#position);
  }

  /** Repeats what was written before; false if that is further back than anything. */
  copy(distance: number, length: number): boolean {
    if (distance < 0 || distance >= this.#reach) return false;
    const ring = this.#ring;
    let to = this.#position;
    let from = to - distance - 1;
    if (from < 0) from += ring.length;
    const end = to + length;
    // A source that ends before its target begins is one move; an overlapping one repeats itself.
    if (length > 16 && distance >= length && from + length <= ring.length) {
      ring.copyWithin(to, from, from + length);
    } else {
      while (to < end) {
        ring[to++] = ring[from++] as number; // both indices stay inside the ring
        if (from === ring.length) from = 0;
      }
    }
    this.#position = end;
    if (this.#reach < end) this.#reach = end;
    return true;
  }

  #makeRoom(): void {
    const size = Math.min(this.#maxBytes, this.#ring.length * GROWTH);
    if (size === this.#ring.length) {
      this.#position = 0;
      return;
    }
    const grown = new Uint8Array(size);
    grown.set(this.#ring);
    this.#ring = grown;
  }
}
