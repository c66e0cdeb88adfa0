/**
 * A compact set of ids that answers "certainly not" or "maybe" (a Bloom filter). A wrong "maybe" costs one look into the
 * database, about once in 2,000 questions while the filter has its full size.
 */
export interface Filter {
  /** Ids it was made for or holds, whichever is more. */
  count: number;
  hashes: number;
  bits: Uint32Array;
}

const BITS_PER_ID = 16;
const MIN_BITS = 2048;
/** One part of a digest stays below the 2 MB of a stored value. */
const MAX_BITS = 8 * 1024 * 1024;
const HASHES = 8;

/** Two independent 32-bit hashes of an id; made once for all filters of a digest. */
export interface IdHash {
  a: number;
  b: number;
}

const spread = (value: number): number => {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Of an id, or of one that is a part of a text. */
export function hashOf(text: string, from = 0, to = text.length): IdHash {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return { a: spread(a), b: (spread(b) | 1) >>> 0 };
}

/** An empty filter with room for so many ids. Above half a million it grows no more and says "maybe" more often. */
export function makeFilter(count: number): Filter {
  const bits = Math.min(Math.max(MIN_BITS, Math.ceil((count * BITS_PER_ID) / 32) * 32), MAX_BITS);
  const hashes = Math.min(HASHES, Math.max(1, Math.round((bits / Math.max(count, 1)) * Math.LN2)));
  return { count, hashes, bits: new Uint32Array(bits / 32) };
}

/** How many ids a filter can hold before it says "maybe" more often than it should. */
export const roomOf = ({ bits }: Filter): number =>
  bits.length * 32 >= MAX_BITS ? Number.POSITIVE_INFINITY : (bits.length * 32) / BITS_PER_ID;

export function addTo({ bits, hashes }: Filter, { a, b }: IdHash): void {
  const size = bits.length * 32;
  for (let i = 0; i < hashes; i++) {
    const bit = (a + i * b) % size;
    const word = bit >>> 5;
    bits[word] = (bits[word] ?? 0) | (1 << (bit & 31));
  }
}

export function mayHold({ bits, hashes }: Filter, { a, b }: IdHash): boolean {
  const size = bits.length * 32;
  for (let i = 0; i < hashes; i++) {
    const bit = (a + i * b) % size;
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

export const isSame = (a: Filter | undefined, b: Filter | undefined): boolean =>
  a === b || (a?.bits.length === b?.bits.length && a?.bits.every((word, i) => word === b?.bits[i]) === true);

/** Half of the devices have finished: they need not ask the database any more. */
export const isWorthShrinking = (filter: Filter | undefined, remaining: number): boolean =>
  filter !== undefined && filter.count > 0 && remaining <= filter.count / 2;
