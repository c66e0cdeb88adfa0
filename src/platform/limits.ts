/**
 * Limits of the platform that no setting lifts, as it counts them: bytes unless the name says otherwise, 1 KB = 1,000
 * bytes where the platform counts so. The local runtime does not enforce all of them, so that code which may come near
 * one refuses by these numbers. Limits of our own stay with the code they belong to.
 */

/** One invocation of the Worker. */
export const WORKER = {
  urlBytes: 16 * 1024,
  /** Names and values of all headers of a request or an answer. */
  headersBytes: 128 * 1024,
  /** Calls of bindings and fetches. */
  subrequests: 1000,
  connectionsAtOnce: 6,
  /** Statements, those of batches included. */
  databaseStatements: 1000,
  queueWallMs: 15 * 60_000,
  cronWallMs: 15 * 60_000,
} as const;

export const QUEUE = {
  messageBytes: 128_000,
  batchBytes: 256_000,
  batchMessages: 100,
  /** What the platform adds to every message and counts. */
  overheadBytes: 100,
  delayS: 24 * 3600,
  retries: 100,
} as const;

/** D1, and the databases of objects alike. */
export const DATABASE = {
  statementBytes: 100_000,
  parameters: 100,
  /** A row, and any text or blob. */
  rowBytes: 2_000_000,
  columns: 100,
  patternBytes: 50,
  functionArguments: 32,
  compoundTerms: 5,
  expressionDepth: 100,
  /** Largest whole number that comes back as it was stored. */
  integer: Number.MAX_SAFE_INTEGER,
} as const;

/** Durable Objects. */
export const OBJECT = {
  /** Key and value together. */
  entryBytes: 2 * 1024 * 1024,
  keyBytes: 2048,
  /** Entries of one `put`, `get` or `delete` of several. */
  entriesAtOnce: 128,
  attachmentBytes: 16_384,
  tagsPerSocket: 10,
  tagBytes: 256,
  messageBytes: 32 * 1024 * 1024,
} as const;

/** R2. */
export const STORAGE = {
  keyBytes: 1024,
  metadataBytes: 8192,
  putBytes: 5 * 1024 ** 3,
  parts: 10_000,
  /** All parts but the last. */
  minPartBytes: 5 * 1024 ** 2,
  maxPartBytes: 5 * 1024 ** 3,
  /** Keys of one list or delete. */
  keysAtOnce: 1000,
} as const;

const encoder = new TextEncoder();

/** Bytes of a text as it is sent and stored. */
export const bytesOf = (text: string): number => encoder.encode(text).length;
