import { createHash } from "node:crypto";

const BUCKETS = 1 << 16;
const WAYS = 4;
const WORDS = 4;

/**
 * Which tokens were found to be signed by one of our keys: a quarter million of them in four megabytes, kept as halves of their
 * SHA-256, so that a token seen before needs no signature check. Lifetime and revocation are not its business.
 */
export class VerifiedTokens {
  readonly #table = new Uint32Array(BUCKETS * WAYS * WORDS);
  #next = 0;

  has(token: string): boolean {
    const print = printOf(token);
    const bucket = bucketOf(print);
    for (let way = 0; way < WAYS; way++) if (this.#holds(bucket + way * WORDS, print)) return true;
    return false;
  }

  add(token: string): void {
    const print = printOf(token);
    const bucket = bucketOf(print);
    this.#next = (this.#next + 1) % WAYS;
    let at = bucket + this.#next * WORDS;
    for (let way = 0; way < WAYS; way++) if (this.#isFree(bucket + way * WORDS)) at = bucket + way * WORDS;
    this.#table.set(print, at);
  }

  #holds(at: number, print: Uint32Array): boolean {
    for (let word = 0; word < WORDS; word++) if (this.#table[at + word] !== print[word]) return false;
    return true;
  }

  #isFree(at: number): boolean {
    for (let word = 0; word < WORDS; word++) if (this.#table[at + word] !== 0) return false;
    return true;
  }
}

function printOf(token: string): Uint32Array {
  const digest = createHash("sha256").update(token).digest();
  return new Uint32Array(digest.buffer.slice(digest.byteOffset, digest.byteOffset + WORDS * 4));
}

const bucketOf = (print: Uint32Array): number => ((print[0] ?? 0) % BUCKETS) * WAYS * WORDS;
