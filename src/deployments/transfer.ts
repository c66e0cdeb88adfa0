import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Later } from "../platform/later.ts";
import { watchRight, type Watch } from "../platform/recheck.ts";
import type { Segment } from "../storage/index.ts";

export const gone = () => new Fault("not_found", "Resource not found");

/** Shorter ones end before it matters, and pass from the bucket to the client untouched. */
const WATCHED_BYTES = 1024 * 1024;

/** A request lives as long as its body is being sent; nothing else need keep it alive. */
const whileSent: Later["after"] = (ms, work, signal) => {
  const timer = setTimeout(() => void work(), ms);
  signal?.addEventListener("abort", () => clearTimeout(timer));
};

/** Bytes on their way from the bucket to a client, without passing through script. */
export class Transfer {
  readonly #bucket: R2Bucket;
  readonly #watch: () => Watch;

  constructor({ bucket, log }: Pick<Deps, "bucket" | "log">, demandRight: () => Promise<unknown>) {
    this.#bucket = bucket;
    this.#watch = () => watchRight({ after: whileSent, log }, demandRight);
  }

  async open(segments: readonly Segment[]): Promise<ReadableStream | null> {
    const [first, ...others] = segments;
    if (!first) return null;
    const head = await this.#read(first);
    const length = segments.reduce((sum, [, , size]) => sum + size, 0);
    if (others.length === 0 && length < WATCHED_BYTES) return head;
    const { readable, writable } = new FixedLengthStream(length);
    // A failure shows in the body.
    void this.#send(head, others, writable);
    return readable;
  }

  async #read([key, offset, length]: Segment): Promise<ReadableStream> {
    const object = await this.#bucket.get(key, { range: { offset, length } });
    if (!object) throw gone();
    return object.body;
  }

  async #send(head: ReadableStream, others: readonly Segment[], writable: WritableStream): Promise<void> {
    const { lost, end } = this.#watch();
    const options = { preventClose: true, signal: lost };
    try {
      await head.pipeTo(writable, options);
      for (const segment of others) await (await this.#read(segment)).pipeTo(writable, options);
      await writable.close();
    } catch (cause) {
      // The client went away, or lost its right, or the artifact was deleted: a cut body tells it either way.
      await writable.abort(cause).catch(() => undefined);
    } finally {
      end();
    }
  }
}
