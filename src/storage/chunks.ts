import { RatedReads, type Clock } from "../platform/body-rate.ts";

const CHUNK_BYTES = 64 * 1024;
/** One buffer for a whole body may be large: every read costs some garbage of its own. */
const LENT_CHUNK_BYTES = 256 * 1024;

export type ChunkOptions = {
  /**
   * Lends every chunk only until the next is asked for, and reads all of them into one buffer. For
   * consumers that copy or are done by then: without it a gigabyte of garbage waits for its collection.
   */
  lend?: boolean;
  /** Waits until a chunk is full. For sources that are fast and send little at a time, such as the storage. */
  fill?: boolean;
  /** Holds the client that sends the stream to a rate. */
  clock?: Clock;
  /** Aborts with the fault that the reading is to end with; needs a clock. */
  giveUp?: AbortSignal;
};

/**
 * The chunks of a stream. A byte stream is read into buffers of our own size: by default the
 * runtime hands out a request body in pieces of 4 KiB. Leaving early cancels the stream.
 */
export async function* streamChunks(
  stream: ReadableStream<Uint8Array>,
  options: ChunkOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const reader = openReader(stream, options);
  const reads = options.clock && new RatedReads<Uint8Array>(options.clock);
  options.giveUp?.addEventListener("abort", () => reads?.giveUp(options.giveUp?.reason));
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await (reads ? reads.next(reader.read()) : reader.read());
      if (done) break;
      if (value.length > 0) yield value;
    }
    isDone = true;
  } finally {
    reads?.end();
    if (!isDone) await reader.cancel();
  }
}

type Reader = {
  read: () => Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel: () => Promise<void>;
};

function openReader(
  stream: ReadableStream<Uint8Array>,
  { lend = false, fill = false }: ChunkOptions,
): Reader {
  const reader = byobReader(stream);
  if (reader === null) return stream.getReader();
  const bytes = lend ? LENT_CHUNK_BYTES : CHUNK_BYTES;
  let spare: ArrayBufferLike | null = null;
  return {
    async read() {
      const view = new Uint8Array(spare ?? new ArrayBuffer(bytes));
      const result = await (fill ? reader.readAtLeast(bytes, view) : reader.read(view));
      // The buffer travels through the read and comes back with the result.
      spare = lend && !result.done ? result.value.buffer : null;
      return result;
    },
    cancel: () => reader.cancel(),
  };
}

/** Only byte streams can fill a buffer of the reader's; others refuse such a reader. */
function byobReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
