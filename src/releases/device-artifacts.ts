import { asLiveDevice } from "../devices/index.ts";
import type { DeviceClaim } from "../platform/actor.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { downloadLink } from "../storage/index.ts";
import type { ArtifactObject } from "./artifact.ts";
import { artifactById, artifactsOfType } from "./artifact-store.ts";

/** What a device may be told at once (protocol notes, deployments 3.5). */
const MAX_LISTED = 100;

/** The artifacts of a release that are made for a type of device. */
export async function artifactsForDevice(
  deps: Deps,
  claim: DeviceClaim,
  release: string,
  deviceType: string,
): Promise<ArtifactObject[]> {
  const { results } = await asLiveDevice(deps, claim, [
    artifactsOfType(claim.tenant, release, deviceType, MAX_LISTED),
  ]);
  return results[0];
}

export async function artifactForDevice(deps: Deps, claim: DeviceClaim, id: string): Promise<ArtifactObject> {
  const { results } = await asLiveDevice(deps, claim, [artifactById(claim.tenant, id, "all")]);
  const [artifact] = results;
  if (!artifact) throw new Fault("not_found", "Resource not found");
  return artifact;
}

export async function linkForDevice(
  deps: Deps,
  claim: DeviceClaim,
  id: string,
): Promise<{ uri: string; expire: string; method: "GET" }> {
  await artifactForDevice(deps, claim, id);
  const link = await downloadLink(deps, {
    tenant: claim.tenant,
    artifact: id,
    lifeS: deps.settings.DOWNLOAD_LINK_LIFE_S,
    recipient: { kind: "device", device: claim.device, deployment: undefined },
  });
  return { ...link, method: "GET" };
}
