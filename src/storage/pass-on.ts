import type { Clock } from "../platform/body-rate.ts";
import { Fault } from "../platform/fault.ts";
import { streamChunks } from "./chunks.ts";

interface Body {
  stream: ReadableStream<Uint8Array>;
  size: number;
  /** Aborts with what is to be answered. */
  giveUp: AbortSignal;
}

/** Passes a body of known length on, as the storage wants it, and holds its client to the rate. */
export async function passOn<T>(
  clock: Clock,
  body: Body,
  take: (stream: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { readable, writable } = new FixedLengthStream(body.size);
  const writer = writable.getWriter();
  const taking = take(readable);
  taking.catch((cause: unknown) => writer.abort(cause).catch(() => undefined));
  const [copied, taken] = await Promise.allSettled([copy(clock, body, writer), taking]);
  // The storage complains as well about a body that broke off or was refused.
  if (copied.status === "rejected" && copied.reason instanceof Fault) throw copied.reason;
  if (taken.status === "rejected") throw taken.reason;
  return taken.value;
}

async function copy(
  clock: Clock,
  { stream, giveUp }: Body,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  try {
    for await (const chunk of streamChunks(stream, { lend: true, clock, giveUp })) await writer.write(chunk);
    await writer.close();
  } catch (cause) {
    await writer.abort(cause).catch(() => undefined);
    throw cause;
  }
}
