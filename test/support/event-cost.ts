/** US$ for a million (docs/cost.md). */
const PRICE = { written: 1, read: 0.001, queue: 0.4, request: 0.3 };

/** A message of the queue is written, read and acknowledged. */
export const OPERATIONS = 3;

/** What a million events may cost, however many receivers there are up to twenty. */
export const GOAL = 1.5;

/** US$ for a million of what costs so much each; every message of the queue is an invocation. */
export const dollarsOf = (each: { rowsWritten: number; rowsRead: number; messages: number }): number =>
  each.rowsWritten * PRICE.written +
  each.rowsRead * PRICE.read +
  each.messages * (OPERATIONS * PRICE.queue + PRICE.request);
