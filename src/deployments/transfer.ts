import { Fault } from "../platform/fault.ts";
import type { Segment } from "../storage/index.ts";

export const gone = () => new Fault("not_found", "Resource not found");

/** How often a transfer that goes on asks whether it still may. */
export const RECHECK_MS = 4_000;
/** Shorter ones end before it matters, and pass from the bucket to the client untouched. */
const WATCHED_BYTES = 1024 * 1024;

/** Bytes on their way from the bucket to a client, without passing through script. */
export class Transfer {
  readonly #bucket: R2Bucket;
  readonly #demandRight: () => Promise<unknown>;

  /** `demandRight` throws a `Fault` once the client may have no more of it. */
  constructor(bucket: R2Bucket, demandRight: () => Promise<unknown>) {
    this.#bucket = bucket;
    this.#demandRight = demandRight;
  }

  async open(segments: readonly Segment[]): Promise<ReadableStream | null> {
    const [first, ...others] = segments;
    if (!first) return null;
    const head = await this.#read(first);
    const length = segments.reduce((sum, [, , size]) => sum + size, 0);
    if (others.length === 0 && length < WATCHED_BYTES) return head;
    const { readable, writable } = new FixedLengthStream(length);
    // The request lives as long as its body is being sent, and a failure shows in the body.
    void this.#send(head, others, writable);
    return readable;
  }

  async #read([key, offset, length]: Segment): Promise<ReadableStream> {
    const object = await this.#bucket.get(key, { range: { offset, length } });
    if (!object) throw gone();
    return object.body;
  }

  async #send(head: ReadableStream, others: readonly Segment[], writable: WritableStream): Promise<void> {
    const end = new AbortController();
    const timer = setInterval(() => void this.#recheck(end), RECHECK_MS);
    const options = { preventClose: true, signal: end.signal };
    try {
      await head.pipeTo(writable, options);
      for (const segment of others) await (await this.#read(segment)).pipeTo(writable, options);
      await writable.close();
    } catch (cause) {
      // The client went away, or lost its right, or the artifact was deleted: a cut body tells it either way.
      await writable.abort(cause).catch(() => undefined);
    } finally {
      clearInterval(timer);
    }
  }

  async #recheck(end: AbortController): Promise<void> {
    try {
      await this.#demandRight();
    } catch (cause) {
      // A database that is away takes nobody's right.
      if (cause instanceof Fault && cause.kind !== "unavailable") end.abort(cause);
    }
  }
}
