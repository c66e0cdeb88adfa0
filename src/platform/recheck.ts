import type { Deps } from "./deps.ts";
import { Fault } from "./fault.ts";

/** How often a transfer that goes on asks whether it still may. */
export const RECHECK_MS = 4_000;

export interface Watch {
  /** Aborts with the refusal once the right is gone. */
  lost: AbortSignal;
  /** To be called when the bytes are through. */
  end: () => void;
}

/** Of a transfer that nobody's right bounds. */
export const unwatched = (): Watch => ({ lost: new AbortController().signal, end: () => undefined });

/** Asks from time to time while bytes are on their way. `demandRight` throws a `Fault` once there may be no more of them. */
export function watchRight(
  { after, log }: Pick<Deps, "after" | "log">,
  demandRight: () => Promise<unknown>,
): Watch {
  const [lost, ended] = [new AbortController(), new AbortController()];
  const again = () => after(RECHECK_MS, check, ended.signal);
  const check = async () => {
    if (ended.signal.aborted) return;
    try {
      await demandRight();
    } catch (cause) {
      // A database that is away takes nobody's right.
      if (cause instanceof Fault && cause.kind !== "unavailable") return lost.abort(cause);
      log.error("right to a transfer not verified", { cause });
    }
    again();
  };
  again();
  return { lost: lost.signal, end: () => ended.abort() };
}
