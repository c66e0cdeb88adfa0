import { removeArtifactObjects } from "../releases/jobs.ts";
import type { EventHandlers } from "./consume.ts";

/** Who follows which event; each domain names its own. */
export const HANDLERS: EventHandlers = {
  "artifact.deleted": [removeArtifactObjects],
};
