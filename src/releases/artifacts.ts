import { requirePermission, type Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import type { Page } from "../platform/paging.ts";
import { doomObjects, downloadLink, freeUsage } from "../storage/service.ts";
import type { ArtifactObject } from "./artifact.ts";
import {
  artifactById,
  artifactCount,
  artifactPage,
  objectKeysOf,
  removeArtifacts,
  setDescription,
  type ArtifactFilter,
  type ArtifactOrder,
} from "./artifact-store.ts";
import { refreshReleases } from "./release-store.ts";

const unknownArtifact = () => new Fault("not_found", "Resource not found");

export async function listArtifacts(
  deps: Deps,
  actor: Actor,
  filter: ArtifactFilter,
  order: ArtifactOrder,
  page: Page,
): Promise<{ artifacts: ArtifactObject[]; total: number }> {
  requirePermission(actor, "artifacts:read");
  const [found, total] = await deps
    .db(actor.tenant)
    .batch([artifactPage(actor.tenant, filter, order, page), artifactCount(actor.tenant, filter)]);
  return { artifacts: found.slice(0, page.perPage), total };
}

/** Without a total, which costs a look at every match. */
export async function browseArtifacts(
  deps: Deps,
  actor: Actor,
  filter: ArtifactFilter,
  page: Page,
): Promise<{ artifacts: ArtifactObject[]; hasNext: boolean }> {
  requirePermission(actor, "artifacts:read");
  const found = await deps.db(actor.tenant).one(artifactPage(actor.tenant, filter, "name:asc", page));
  return { artifacts: found.slice(0, page.perPage), hasNext: found.length > page.perPage };
}

export async function getArtifact(deps: Deps, actor: Actor, id: string): Promise<ArtifactObject> {
  requirePermission(actor, "artifacts:read");
  const artifact = await deps.db(actor.tenant).one(artifactById(actor.tenant, id));
  if (!artifact) throw unknownArtifact();
  return artifact;
}

export async function linkToArtifact(
  deps: Deps,
  actor: Actor,
  id: string,
): Promise<{ uri: string; expire: string; method: "GET" }> {
  const { name } = await getArtifact(deps, actor, id);
  const link = await downloadLink(deps, {
    tenant: actor.tenant,
    artifact: id,
    artifactName: name,
    lifeS: deps.settings.DOWNLOAD_LINK_LIFE_S,
  });
  return { ...link, method: "GET" };
}

export async function describeArtifact(
  deps: Deps,
  actor: Actor,
  id: string,
  description: string,
): Promise<void> {
  requirePermission(actor, "artifacts:manage");
  const { name } = await getArtifact(deps, actor, id);
  const now = deps.now();
  const object = { type: "artifact", id, detail: { artifact: { name } } };
  const [changed] = await deps
    .db(actor.tenant)
    .batch([
      setDescription(actor.tenant, id, description, now),
      addAuditIfChanged(actor, { action: "update", object, change: `description: ${description}` }, now),
    ]);
  if (changed === 0) throw unknownArtifact();
}

/** Removes the artifact, and its objects unless another artifact shares them. */
export async function deleteArtifact(deps: Deps, actor: Actor, id: string): Promise<void> {
  requirePermission(actor, "artifacts:manage");
  const { tenant } = actor;
  const [artifact, objects] = await deps
    .db(tenant)
    .batch([artifactById(tenant, id), objectKeysOf(tenant, [id])]);
  if (!artifact) throw unknownArtifact();
  const { name } = artifact;
  const keys = objects.map(({ object_key }) => object_key);
  const now = deps.now();
  const object = { type: "artifact", id, detail: { artifact: { name } } };
  const [removed] = await deps
    .db(tenant)
    .batch([
      removeArtifacts(tenant, [id]),
      addAuditIfChanged(actor, { action: "delete", object }, now),
      addEventIfChanged({ kind: "artifact.deleted", tenant, subject: id, data: { name } }, now),
      freeUsage(tenant, keys),
      doomObjects(tenant, keys),
      ...refreshReleases(tenant, [name], now),
    ]);
  if (removed === 0) throw unknownArtifact();
}
