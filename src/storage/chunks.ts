const CHUNK_BYTES = 64 * 1024;

/**
 * The chunks of a stream. A byte stream is read into buffers of our own size: by default the
 * runtime hands out a request body in pieces of 4 KiB. Leaving early cancels the stream.
 */
export async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const read = opened(stream);
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await read.next();
      if (done) break;
      if (value.length > 0) yield value;
    }
    isDone = true;
  } finally {
    if (!isDone) await read.cancel();
  }
}

type Opened = {
  next: () => Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel: () => Promise<void>;
};

function opened(stream: ReadableStream<Uint8Array>): Opened {
  const byob = byobReader(stream);
  if (byob !== null) {
    return {
      next: () => byob.read(new Uint8Array(CHUNK_BYTES)),
      cancel: () => byob.cancel(),
    };
  }
  const reader = stream.getReader();
  return { next: () => reader.read(), cancel: () => reader.cancel() };
}

/** Only byte streams can fill a buffer of the reader's; others refuse such a reader. */
function byobReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return null;
  }
}
