import type { Frame } from "./frame.ts";
import { TransferFault, type Peer } from "./transfer.ts";

/** A device that ignores the window is cut off before it fills the memory. */
const MAX_WAITING = 64;

/** The server's own session with a device: what arrives waits here until the transfer takes it. */
export class Mailbox implements Peer {
  readonly #deliver: (frame: Frame) => void;
  readonly #waiting: Frame[] = [];
  #wake: (() => void) | undefined;
  #fault: TransferFault | undefined;

  constructor(deliver: (frame: Frame) => void) {
    this.#deliver = deliver;
  }

  send(frame: Frame): void {
    if (!this.#fault) this.#deliver(frame);
  }

  /** A message of the device has come in. */
  push(frame: Frame): void {
    if (this.#waiting.length >= MAX_WAITING)
      this.fail(new TransferFault(500, "device sent more than it may"));
    else this.#waiting.push(frame);
    this.#wake?.();
  }

  /** Nothing more will come. */
  fail(fault: TransferFault): void {
    this.#fault ??= fault;
    this.#wake?.();
  }

  poll(): Frame | undefined {
    return this.#waiting.shift();
  }

  async receive(timeoutMs: number): Promise<Frame | undefined> {
    if (this.#waiting.length === 0 && !this.#fault) await this.#arrival(timeoutMs);
    if (this.#fault) throw this.#fault;
    return this.#waiting.shift();
  }

  #arrival(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#wake = wake;
    });
  }
}
