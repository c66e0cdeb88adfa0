/**
 * Bodies that have not come as a whole, by those they are awaited from. Whoever holds more than a share, or most of the
 * memory, loses the one that has waited the longest: honest bodies come at once, in any number.
 */

export interface Share {
  holder: string;
  /** Bodies that may be waited for. */
  most: number;
}

/** In bytes that came, of all bodies of an isolate. */
export const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/** No body is given up for others before it had this long to come. */
export const PATIENCE_MS = 2000;

interface Waiting {
  sinceMs: number;
  bytes: number;
  /** The first is the narrowest. */
  shares: readonly Share[];
  giveUp: () => void;
}

export class WaitingBodies {
  readonly #waiting = new Map<string, Set<Waiting>>();
  #bytes = 0;

  add(shares: readonly Share[], nowMs: number, giveUp: () => void): Waiting {
    const body = { sinceMs: nowMs, bytes: 0, shares, giveUp };
    for (const { holder, most } of shares) {
      const held = this.#waiting.get(holder);
      if (!held) this.#waiting.set(holder, new Set([body]));
      else if (held.add(body).size > most) this.#giveUpOldest(held, nowMs);
    }
    return body;
  }

  count(body: Waiting, bytes: number, nowMs: number): void {
    body.bytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes > MAX_WAITING_BYTES) this.#giveUpOldest(this.#fullest(), nowMs);
  }

  /** It came, or was given up. */
  remove(body: Waiting): void {
    this.#bytes -= body.bytes;
    body.bytes = 0;
    for (const { holder } of body.shares) {
      const held = this.#waiting.get(holder);
      held?.delete(body);
      if (held?.size === 0) this.#waiting.delete(holder);
    }
  }

  /** A set keeps its order of arrival. */
  #giveUpOldest([oldest]: Iterable<Waiting>, nowMs: number): void {
    if (!oldest || nowMs - oldest.sinceMs < PATIENCE_MS) return;
    this.remove(oldest);
    oldest.giveUp();
  }

  #fullest(): Iterable<Waiting> {
    const narrow = [...this.#waiting].map(([holder, held]) =>
      [...held].filter(({ shares: [first] }) => first?.holder === holder),
    );
    const bytesOf = (held: readonly Waiting[]) => held.reduce((sum, { bytes }) => sum + bytes, 0);
    return narrow.toSorted((a, b) => bytesOf(b) - bytesOf(a))[0] ?? [];
  }
}
