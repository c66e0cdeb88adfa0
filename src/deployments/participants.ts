import type { ArtifactUse } from "../platform/participants.ts";
import { anyWithArtifact, demandNoneUnfinished, unfinishedWithArtifact } from "./store/usage.ts";

export { choosesByAttributes as inventoryChangedStatements } from "./store/waits.ts";

/** Deployments hand out artifacts until they are finished. */
export const useInDeployments: ArtifactUse = {
  demandUnused: demandNoneUnfinished,
  current: unfinishedWithArtifact,
  ever: anyWithArtifact,
};
