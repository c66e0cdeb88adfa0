/**
 * Limits of the platform that no setting lifts, as it counts them: bytes unless the name says otherwise. The local runtime
 * does not enforce all of them, so code refuses by these numbers. A limit comes here with its first user and its test.
 */

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
} as const;

const encoder = new TextEncoder();

/** Bytes of a text as it is sent and stored. */
export const bytesOf = (text: string): number => encoder.encode(text).length;
