import type { Clock } from "../platform/body-rate.ts";
import { Fault } from "../platform/fault.ts";
import { streamChunks } from "./chunks.ts";

/** Passes a body of known length on, as the storage wants it, and holds its client to the rate. */
export async function passOn<T>(
  clock: Clock,
  body: ReadableStream<Uint8Array>,
  size: number,
  take: (stream: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { readable, writable } = new FixedLengthStream(size);
  const writer = writable.getWriter();
  const taking = take(readable);
  taking.catch((cause: unknown) => writer.abort(cause).catch(() => undefined));
  const [copied, taken] = await Promise.allSettled([copy(clock, body, writer), taking]);
  // The storage complains as well about a body that broke off or was refused.
  if (copied.status === "rejected" && copied.reason instanceof Fault) throw copied.reason;
  if (taken.status === "rejected") throw taken.reason;
  return taken.value;
}

/** What the client sends; 400 if that ends too soon, as when it goes away. */
async function* fromClient(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (cause) {
    throw cause instanceof Fault ? cause : new Fault("bad_request", "unexpected EOF", { cause });
  }
}

async function copy(
  clock: Clock,
  body: ReadableStream<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  try {
    const chunks = streamChunks(body, { lend: true, clock });
    for await (const chunk of fromClient(chunks)) await writer.write(chunk);
    await writer.close();
  } catch (cause) {
    await writer.abort(cause).catch(() => undefined);
    throw cause;
  }
}
