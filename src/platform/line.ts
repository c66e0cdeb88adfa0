import type { Deps } from "./deps.ts";

/** Nobody works or does not look for so long, unless the platform has ended the request. */
const GONE_AFTER_MS = 30_000;
const LOOK_AGAIN_MS = 10;

interface Place {
  holder: string;
  /** When it was seen last. */
  seenMs: number;
  isRunning: boolean;
}

interface LineLimits {
  /** Those whose work is done; the others wait. */
  atOnce: number;
  /** Those who may stand in line, and those of one holder. */
  most?: number;
  mostOfHolder?: number;
}

/** Work in an isolate that is done a little at a time. Holders take turns, in each the first comes first. */
export class Line {
  readonly #limits: Required<LineLimits>;
  /** In order of arrival. */
  readonly #places: Place[] = [];
  /** When each holder had its last turn, while anybody stands in line. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  #running = 0;

  constructor({ atOnce, most = Infinity, mostOfHolder = Infinity }: LineLimits) {
    this.#limits = { atOnce, most, mostOfHolder };
  }

  /**
   * Does the work in turn; undefined if too many stand in line. After work that says so its place stays taken for a while.
   */
  inTurn<T>(
    { now, later }: Pick<Deps, "now" | "later">,
    holder: string,
    work: () => Promise<T>,
    restMs: (result: T) => number = () => 0,
  ): Promise<T> | undefined {
    const place = this.#enter(holder, now());
    if (!place) return undefined;
    const done = this.#takeTurn(place, now).then(work);
    // The place of a client that goes away must become free as well.
    later(
      done
        .then((result) => rest(restMs(result)))
        .catch(() => undefined)
        .finally(() => this.#leave(place)),
    );
    return done;
  }

  has(holder: string): boolean {
    return this.#places.some((place) => place.holder === holder);
  }

  #enter(holder: string, seenMs: number): Place | undefined {
    const gone = this.#places.filter((other) => seenMs - other.seenMs >= GONE_AFTER_MS);
    for (const place of gone) this.#leave(place);
    const ofHolder = this.#places.filter((place) => place.holder === holder).length;
    if (this.#places.length >= this.#limits.most || ofHolder >= this.#limits.mostOfHolder) return undefined;
    const place = { holder, seenMs, isRunning: false };
    this.#places.push(place);
    return place;
  }

  /** The platform ends a request that waits for nothing but another request, so each looks for itself. */
  async #takeTurn(place: Place, now: () => number): Promise<void> {
    while (!this.#mayStart(place)) {
      await rest(LOOK_AGAIN_MS);
      place.seenMs = now();
    }
    this.#running += 1;
    place.isRunning = true;
    this.#turns.set(place.holder, ++this.#turn);
  }

  #mayStart(place: Place): boolean {
    return this.#running < this.#limits.atOnce && this.#next() === place;
  }

  #next(): Place | undefined {
    const turnOf = ({ holder }: Place) => this.#turns.get(holder) ?? 0;
    const waiting = this.#places.filter(({ isRunning }) => !isRunning);
    // Sorting keeps the order of arrival among equals.
    return waiting.sort((a, b) => turnOf(a) - turnOf(b))[0];
  }

  #leave(place: Place): void {
    const at = this.#places.indexOf(place);
    if (at < 0) return;
    this.#places.splice(at, 1);
    if (place.isRunning) this.#running -= 1;
    if (this.#places.length === 0) this.#turns.clear();
  }
}

const rest = async (ms: number): Promise<void> => {
  if (ms > 0) await new Promise((again) => setTimeout(again, ms));
};
