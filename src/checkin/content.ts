/** Nothing is believed for longer, should a change have been told to nobody. */
const LONGEST_MS = 3_600_000;
/** What is remembered at most; then it begins anew. */
const MOST = 10_000;

/**
 * Devices of a tenant that the database had nothing for as they ended an update. Their next check needs nobody, while the
 * head has been told of no change since: its stamp, which comes with the digest, is then the one of before.
 */
export class Content {
  #stamp: string | undefined;
  readonly #devices = new Map<string, { fromMs: number; untilMs: number }>();

  /** The stamp that came with a digest; none from a head of an earlier version. */
  follow(stamp: string | undefined): void {
    if (stamp !== undefined && stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#devices.clear();
  }

  /** To be called before the database is asked. What it returns notes the answer, unless there was a change meanwhile. */
  noting(device: string, nowMs: number): ((untilMs: number) => void) | undefined {
    const stamp = this.#stamp;
    if (stamp === undefined) return undefined;
    return (untilMs) => {
      if (stamp !== this.#stamp) return;
      if (this.#devices.size >= MOST) this.#devices.clear();
      this.#devices.set(device, { fromMs: nowMs, untilMs: Math.min(untilMs, nowMs + LONGEST_MS) });
    };
  }

  has(device: string, nowMs: number): boolean {
    const noted = this.#devices.get(device);
    return noted !== undefined && nowMs >= noted.fromMs && nowMs < noted.untilMs;
  }
}
