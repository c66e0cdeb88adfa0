import type { Sweep } from "../platform/background.ts";
import { DEAD_AFTER_MS, sweepUploads } from "./objects.ts";
import { sweepOrphans } from "./orphans.ts";
import { sweepExpiredUploads } from "./seal.ts";

/** Ends uploads that stopped showing signs of life. */
export const sweepDeadUploads: Sweep = async (deps) => {
  await sweepUploads(deps, { deadBeforeMs: deps.now() - DEAD_AFTER_MS });
  await sweepExpiredUploads(deps);
};

/** Removes objects that nothing records. */
export const sweepOrphanObjects: Sweep = async (deps) => {
  await sweepOrphans(deps);
};
