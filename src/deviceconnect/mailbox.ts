import type { Frame } from "./frame.ts";
import { TransferFault, type Peer } from "./transfer.ts";

/** A device that ignores the window is cut off before it fills the memory. */
const MAX_WAITING = 64;

const always = () => true;

/** The server's own session with a device: what arrives waits here until the transfer takes it. */
export class Mailbox implements Peer {
  readonly #deliver: (frame: Frame) => void;
  readonly #waiting: Frame[] = [];
  #wanted: { count: number; isFollowed: (frame: Frame) => boolean; wake: () => void } | undefined;
  #fault: TransferFault | undefined;
  #reject: (fault: TransferFault) => void = () => {};
  /** Rejects when nothing more will come. */
  readonly failure = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor(deliver: (frame: Frame) => void) {
    this.#deliver = deliver;
    this.failure.catch(() => {}); // whoever waits for it hears of it
  }

  send(frame: Frame): void {
    if (!this.#fault) this.#deliver(frame);
  }

  /** A message of the device has come in. */
  push(frame: Frame): void {
    if (this.#waiting.length >= MAX_WAITING)
      return this.fail(new TransferFault(500, "device sent more than it may"));
    this.#waiting.push(frame);
    const wanted = this.#wanted;
    if (wanted && (this.#waiting.length >= wanted.count || !wanted.isFollowed(frame))) wanted.wake();
  }

  /** Nothing more will come. */
  fail(fault: TransferFault): void {
    this.#fault ??= fault;
    this.#reject(this.#fault);
    this.#wanted?.wake();
  }

  async receive(timeoutMs: number): Promise<Frame | undefined> {
    if (this.#waiting.length === 0) await this.gather(1, always, timeoutMs);
    if (this.#fault) throw this.#fault;
    return this.#waiting.shift();
  }

  gather(count: number, isFollowed: (frame: Frame) => boolean, timeoutMs: number): Promise<void> {
    const isHere = this.#waiting.length >= count || !this.#waiting.every(isFollowed);
    if (this.#fault || isHere) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wanted = undefined;
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#wanted = { count, isFollowed, wake };
    });
  }
}
