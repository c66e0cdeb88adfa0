import type { Statement } from "../platform/database.ts";
import type { DeviceId, TenantId } from "../platform/ids.ts";
import type { ArtifactCandidate } from "../releases/service.ts";
import { keepCandidateEverywhere } from "./store/artifacts.ts";
import { moveStatements } from "./store/moves.ts";
import {
  anyWithArtifact,
  demandNoneUnfinished,
  mayDownload,
  queueUnseen,
  unfinishedWithArtifact,
} from "./store/usage.ts";

export {
  configurationDeploymentStatements,
  type ConfigurationDeployment,
} from "./configuration-deployment.ts";
export { deployConfiguration } from "./configuring.ts";
export { aggregateDeviceDeployments, searchDeviceDeployments } from "./device-reports.ts";
export type { ReportRequest } from "./reports/scope.ts";
export type { ReportFilter } from "./reports/terms.ts";
export { asksByBody, asksByQuery } from "./device-state.ts";
export {
  openTargets as openTargetsStatement,
  queuedDeployments as queuedDeploymentsStatement,
  queuedTargets as queuedTargetsStatement,
  wideDeployments as wideDeploymentsStatement,
  type WideDeployment,
} from "./store/digest.ts";
export { targetedAmong as targetedAmongStatement } from "./store/membership.ts";
export { ARTIFACT_IN_USE } from "./store/usage.ts";

/** Ends everything a device has open, seen or not, and finishes the deployments that waited for it alone. */
export const decommissionDeviceStatements = (
  tenant: TenantId,
  device: DeviceId,
  atMs: number,
): Statement<unknown>[] => [
  queueUnseen(tenant, device),
  ...moveStatements({ tenant, device, to: "decommissioned", atMs }),
];

/** Deployments that are not finished and hand out artifacts of this name. */
export const activeDeploymentsUsingStatement = (
  tenant: TenantId,
  artifactName: string,
): Statement<{ id: string }[]> => unfinishedWithArtifact(tenant, artifactName);

/** Fails its batch, with `ARTIFACT_IN_USE` as the refusal, while such a deployment is not finished. */
export const demandNotDeployingStatement = (tenant: TenantId, artifactName: string): Statement<void> =>
  demandNoneUnfinished(tenant, artifactName);

/** Any deployment, finished or not, that hands out artifacts of this name. */
export const everDeployedStatement = (
  tenant: TenantId,
  artifactName: string,
): Statement<{ id: string } | undefined> => anyWithArtifact(tenant, artifactName);

/** A row while the device takes part in the deployment and neither was aborted or decommissioned. */
export const downloadAllowedStatement = (
  tenant: TenantId,
  deployment: string,
  device: DeviceId,
): Statement<{ allowed: number } | undefined> => mayDownload(tenant, deployment, device);

/** Lets every unfinished deployment of its name hand out a new artifact; belongs into the batch that stores it. */
export const offerArtifactStatement = (tenant: TenantId, artifact: ArtifactCandidate): Statement<unknown> =>
  keepCandidateEverywhere(tenant, artifact);
