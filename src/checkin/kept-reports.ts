import { Due, type Later } from "../platform/later.ts";
import type { KeptReport } from "./pledges.ts";

/** How long reports are gathered for their head, and how many at most. */
const GATHER_MS = 1000;
export const MOST_GATHERED = 500;

/**
 * What became of reports of a tenant, until its head is told. What is lost here costs a look at the database for each, as
 * whatever comes late does: nobody waits for it or tries again.
 */
export class KeptReports {
  #waiting: KeptReport[] = [];
  readonly #due = new Due(GATHER_MS);

  add(
    report: KeptReport,
    nowMs: number,
    later: Later,
    tell: (reports: readonly KeptReport[]) => Promise<void>,
  ): void {
    this.#waiting.push(report);
    if (this.#waiting.length >= MOST_GATHERED) return later.now(tell(this.take()));
    this.#due.begin(nowMs, later, async () => {
      this.#due.end();
      if (this.#waiting.length > 0) await tell(this.take());
    });
  }

  /** Hands all of them over to be told. */
  take(): readonly KeptReport[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
