/**
 * Limits of the platform that no setting lifts, as it counts them: bytes unless the name says otherwise. The local runtime
 * does not enforce all of them, so code refuses by these numbers. A limit comes here with its first user and its test.
 */

/** D1. */
export const DATABASE = {
  /** Of a whole one. */
  bytes: 10_000_000_000,
  /** Of one Worker. */
  bindings: 5000,
  /** Of one row, too. */
  valueBytes: 2_000_000,
  statementBytes: 100_000,
  parameters: 100,
} as const;

/** Storage of a Durable Object. */
export const OBJECT = {
  /** Together with its key. */
  valueBytes: 2_000_000,
  keysAtOnce: 128,
} as const;

export const HTTP = {
  /** Of a request. */
  urlBytes: 16 * 1024,
  /** All headers of an answer. */
  headerBytes: 128 * 1024,
} as const;

/** One run of the Worker: a request, a batch of the queue, or all duties of one minute. */
export const INVOCATION = {
  databaseCalls: 1000,
} as const;

export const QUEUE = {
  messageBytes: 128_000,
  batchBytes: 256_000,
  batchMessages: 100,
  /** What the platform adds to every message and counts. */
  overheadBytes: 100,
} as const;

/** R2. */
export const STORAGE = {
  keyBytes: 1024,
  /** Keys of one list or delete. */
  keysAtOnce: 1000,
  parts: 10_000,
  putBytes: 5 * 1024 ** 3,
} as const;

const encoder = new TextEncoder();

/** Bytes of a text as it is sent and stored. */
export const bytesOf = (text: string): number => encoder.encode(text).length;

/** A character of a text takes at most so many bytes for each of its units. */
const BYTES_A_UNIT = 3;

/** True if the text has no more bytes; most are so short that nobody has to count. */
export const isWithin = (text: string, bytes: number): boolean =>
  text.length * BYTES_A_UNIT <= bytes || bytesOf(text) <= bytes;
