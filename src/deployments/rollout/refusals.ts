import { Fault } from "../../platform/fault.ts";
import type { ArtifactCandidate } from "../../releases/index.ts";
import type { NewDeployment } from "../create-schema.ts";

/** The release that a rollout goes back to by itself, if it does. */
export const wayBack = ({ rollout }: Pick<NewDeployment, "rollout">): string | undefined =>
  rollout?.on_stop?.artifact_name;

/** What artifacts of the release, and of the one to go back to, make impossible. */
export function refuseImpossible(
  definition: NewDeployment,
  candidates: readonly ArtifactCandidate[],
  ofWayBack: readonly ArtifactCandidate[],
): void {
  if (candidates.length === 0) throw new Fault("unprocessable", "No artifact for the deployment");
  const back = wayBack(definition);
  if (back === definition.artifact_name)
    throw new Fault("bad_request", "rollout.on_stop: it goes back to the release that is deployed.");
  if (back !== undefined && ofWayBack.length === 0)
    throw new Fault("unprocessable", "rollout.on_stop: there is no artifact of the release to go back to.");
  const bytesADay = definition.rollout?.budget?.bytes_per_day;
  const largest = Math.max(...candidates.map(({ size }) => size));
  if (bytesADay !== undefined && largest > bytesADay)
    throw new Fault(
      "bad_request",
      `rollout.budget: an artifact of ${largest} bytes never has room in a day.`,
    );
}
