import { LIMITS } from "./sockets.ts";

/** Bodies of this size are payload, which is bounded in bytes. */
const PAYLOAD_BYTES = 128;
/** What a peer has room for once it has answered: protocols with answers have one message in flight. */
const ANSWERED_BYTES = 16 * 1024;

/**
 * How fast a socket may send and how much may be on its way to it. The runtime queues what a peer does not read and does
 * not tell how much that is, so it is reckoned from the peer's answers. Losing this with an eviction only makes it kinder.
 */
export class Pace {
  #second = 0;
  #messages = 0;
  #ahead = 0;

  /** Counts a message that the socket has sent; false if it is one too many in this second. Answers are free. */
  mayGoOn(nowMs: number, bodyBytes = 0): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#messages = 0;
    this.#second = second;
    this.#ahead = Math.max(0, this.#ahead - ANSWERED_BYTES);
    if (bodyBytes < PAYLOAD_BYTES) this.#messages += 1;
    return this.#messages <= LIMITS.messagesPerSecond;
  }

  /** Counts a message to the socket; false if its peer has left too many unanswered. */
  keepsUp(bytes: number): boolean {
    this.#ahead += bytes;
    this.#messages = Math.max(0, this.#messages - 1);
    return this.#ahead <= LIMITS.aheadBytes;
  }

  /** The peer has seen all there was. */
  caughtUp(): void {
    this.#ahead = 0;
  }
}
