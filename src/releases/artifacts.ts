import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Page } from "../platform/paging.ts";
import { releasesFor, type Permission } from "../platform/permissions.ts";
import { downloadLink } from "../storage/index.ts";
import type { ArtifactObject } from "./artifact.ts";
import {
  artifactById,
  artifactCount,
  artifactPage,
  setDescription,
  type ArtifactFilter,
  type ArtifactOrder,
} from "./artifact-store.ts";
import { removeArtifacts } from "./remove.ts";

const unknownArtifact = () => new Fault("not_found", "Resource not found");

export async function listArtifacts(
  deps: Deps,
  actor: Actor,
  filter: ArtifactFilter,
  order: ArtifactOrder,
  page: Page,
): Promise<{ artifacts: ArtifactObject[]; total: number }> {
  const visible = { ...filter, reach: releasesFor(actor, "artifacts:read") };
  const [found, total] = await deps
    .db(actor.tenant)
    .batch([artifactPage(actor.tenant, visible, order, page), artifactCount(actor.tenant, visible)]);
  return { artifacts: found.slice(0, page.perPage), total };
}

/** Without a total, which costs a look at every match. */
export async function browseArtifacts(
  deps: Deps,
  actor: Actor,
  filter: ArtifactFilter,
  page: Page,
): Promise<{ artifacts: ArtifactObject[]; hasNext: boolean }> {
  const visible = { ...filter, reach: releasesFor(actor, "artifacts:read") };
  const found = await deps.db(actor.tenant).one(artifactPage(actor.tenant, visible, "name:asc", page));
  return { artifacts: found.slice(0, page.perPage), hasNext: found.length > page.perPage };
}

/** One out of reach is unknown. */
async function findArtifact(
  deps: Deps,
  actor: Actor,
  permission: Permission,
  id: string,
): Promise<ArtifactObject> {
  const reach = releasesFor(actor, permission);
  const artifact = await deps.db(actor.tenant).one(artifactById(actor.tenant, id, reach));
  if (!artifact) throw unknownArtifact();
  return artifact;
}

export async function getArtifact(deps: Deps, actor: Actor, id: string): Promise<ArtifactObject> {
  return findArtifact(deps, actor, "artifacts:read", id);
}

export async function linkToArtifact(
  deps: Deps,
  actor: Actor,
  id: string,
): Promise<{ uri: string; expire: string; method: "GET" }> {
  await findArtifact(deps, actor, "artifacts:download", id);
  const link = await downloadLink(deps, {
    tenant: actor.tenant,
    artifact: id,
    lifeS: deps.settings.DOWNLOAD_LINK_LIFE_S,
    recipient: actor.kind === "user" ? { kind: "user", user: actor.user, token: actor.token } : undefined,
  });
  return { ...link, method: "GET" };
}

/** What a deployment once gave out stays described as it was. */
export async function describeArtifact(
  deps: Deps,
  actor: Actor,
  id: string,
  description: string,
): Promise<void> {
  const { tenant } = actor;
  const { name } = await findArtifact(deps, actor, "artifacts:manage", id);
  if (await deps.db(tenant).one(deps.participants.artifactUse.ever(tenant, name))) {
    throw new Fault("unprocessable", "Image has already been used in deployment");
  }
  const now = deps.now();
  const object = { type: "artifact", id, detail: { artifact: { name } } };
  const [changed] = await deps
    .db(tenant)
    .batch([
      setDescription(tenant, id, description, now),
      addAuditIfChanged(actor, { action: "update", object, change: `description: ${description}` }, now),
    ]);
  if (changed === 0) throw unknownArtifact();
}

/** Removes the artifact, and its objects unless another artifact shares them. */
export async function deleteArtifact(deps: Deps, actor: Actor, id: string): Promise<void> {
  const { name } = await findArtifact(deps, actor, "artifacts:manage", id);
  const outcome = await removeArtifacts(deps, actor, [{ id, name }]);
  if (outcome === "in use") throw new Fault("conflict", "Artifact is used in active deployment");
  if (outcome === "gone") throw unknownArtifact();
}
