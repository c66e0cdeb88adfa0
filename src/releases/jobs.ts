import type { EventHandler } from "../jobs/consume.ts";
import { removeDoomedObjects } from "../storage/service.ts";

/** The rows are gone; now the bytes go that no other artifact shares. */
export const removeArtifactObjects: EventHandler = async (deps, event) => {
  await removeDoomedObjects(deps, event.tenant);
};
