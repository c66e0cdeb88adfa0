import { bytesOf, QUEUE } from "./limits.ts";

/** Bytes of a message as the queue counts them. */
export const messageBytes = (body: unknown): number => bytesOf(JSON.stringify(body)) + QUEUE.overheadBytes;

export const fitsQueue = (body: unknown): boolean => messageBytes(body) <= QUEUE.messageBytes;

/** Splits what is to be sent into batches that the queue takes, in the same order; what fits none is alone in its own. */
export function batchesOf<T>(items: readonly T[], bodyOf: (item: T) => unknown): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = messageBytes(bodyOf(item));
    const last = batches.at(-1);
    const fits = bytes <= Math.min(room, QUEUE.messageBytes);
    if (last && last.length < QUEUE.batchMessages && fits) last.push(item);
    else {
      batches.push([item]);
      room = bytes > QUEUE.messageBytes ? 0 : QUEUE.batchBytes;
    }
    room -= bytes;
  }
  return batches;
}
