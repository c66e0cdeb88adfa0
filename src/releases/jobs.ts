import type { EventHandler, Sweep } from "../platform/background.ts";
import { removeDoomedObjects } from "../storage/index.ts";
import { forgetGenerations } from "./generate-job.ts";

/** The rows are gone; now the bytes go that no other artifact shares. */
export const removeArtifactObjects: EventHandler = async (deps, event) => {
  await removeDoomedObjects(deps, event.tenant);
};

/** Artifacts that were promised and never generated are forgotten with the job that was to do it. */
export const forgetOldGenerations: Sweep = (deps) =>
  forgetGenerations(deps, deps.now() - deps.settings.JOB_LIFE_S * 1000);
