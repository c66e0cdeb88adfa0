/**
 * Steps of loops whose length the client decides, by kind of request: comparisons of patterns with texts, characters
 * made by expanding templates. A step takes some tens of nanoseconds, so that the greatest budget is well below a second.
 */
export const STEPS = {
  /** A device, or a stranger who wants to become one. */
  device: 500_000,
  /** A user's search, report or export. */
  management: 5_000_000,
  /** A task of a job, which holds up no answer. */
  background: 5_000_000,
} as const;

/** Counts the steps of one request, and ends it when they are spent. */
export class StepBudget {
  #left: number;
  readonly #exceeded: () => Error;

  constructor(steps: number, exceeded: () => Error) {
    this.#left = steps;
    this.#exceeded = exceeded;
  }

  /** To be told the steps before they are made. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw this.#exceeded();
  }
}
