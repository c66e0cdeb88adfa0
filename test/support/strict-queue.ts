import { QUEUE } from "../../src/platform/limits.ts";
import type { EventKey } from "../../src/platform/outbox.ts";
import { messageBytes } from "../../src/platform/queue-batches.ts";

/** A queue that refuses what the platform refuses, keeps what it takes, and can be told to refuse more. */
export class StrictQueue {
  readonly taken: EventKey[] = [];
  readonly batches: number[] = [];
  refuses: (key: EventKey) => boolean = () => false;

  async sendBatch(messages: Iterable<{ body: EventKey }>): Promise<void> {
    const bodies = Array.from(messages, ({ body }) => body);
    const sizes = bodies.map(messageBytes);
    if (bodies.length > QUEUE.batchMessages) throw new Error("too many messages");
    if (sizes.some((size) => size > QUEUE.messageBytes)) throw new Error("message too large");
    if (sizes.reduce((sum, size) => sum + size, 0) > QUEUE.batchBytes) throw new Error("batch too large");
    if (bodies.some(this.refuses)) throw new Error("refused");
    const events = bodies.filter(({ id }) => id !== "");
    if (events.length > 0) this.batches.push(events.length);
    this.taken.push(...events);
  }

  /** As the binding of the platform. */
  get binding(): Queue<unknown> {
    return this as unknown as Queue<unknown>;
  }
}
