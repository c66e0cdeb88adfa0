import type { Actor } from "../platform/actor.ts";
import { addAudit, addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { Page } from "../platform/paging.ts";
import { releasesFor } from "../platform/permissions.ts";
import { artifactsNamed, idsOfNames } from "./artifact-store.ts";
import type { ArtifactObject } from "./artifact.ts";
import {
  allTags,
  allUpdateTypes,
  artifactsOfPage,
  MAX_UNIQUE_TAGS,
  namesInReach,
  releaseByName,
  releaseCount,
  releasePage,
  setNotes,
  setTags,
  type ReleaseFilter,
  type ReleaseOrder,
  type ReleaseRecord,
} from "./release-store.ts";
import { removeArtifacts } from "./remove.ts";

export interface Release extends ReleaseRecord {
  artifacts: ArtifactObject[];
}

const unknownRelease = () => new Fault("not_found", "release not found");

export async function listReleases(
  deps: Deps,
  actor: Actor,
  filter: ReleaseFilter,
  order: ReleaseOrder,
  page: Page,
): Promise<{ releases: Release[]; total: number }> {
  const { tenant } = actor;
  const visible = { ...filter, reach: releasesFor(actor, "artifacts:read") };
  const [found, artifacts, total] = await deps
    .db(tenant)
    .batch([
      releasePage(tenant, visible, order, page),
      artifactsOfPage(tenant, visible, order, page),
      releaseCount(tenant, visible),
    ]);
  const ofName = Map.groupBy(artifacts, ({ name }) => name);
  return {
    releases: found.map((release) => ({ ...release, artifacts: ofName.get(release.name) ?? [] })),
    total,
  };
}

/** Releases without their artifacts. */
export async function listSoftware(
  deps: Deps,
  actor: Actor,
  filter: ReleaseFilter,
  order: ReleaseOrder,
  page: Page,
): Promise<{ releases: ReleaseRecord[]; total: number }> {
  const visible = { ...filter, reach: releasesFor(actor, "artifacts:read") };
  const [releases, total] = await deps
    .db(actor.tenant)
    .batch([releasePage(actor.tenant, visible, order, page), releaseCount(actor.tenant, visible)]);
  return { releases, total };
}

export async function getRelease(deps: Deps, actor: Actor, name: string): Promise<Release> {
  const { tenant } = actor;
  const [release, artifacts] = await deps
    .db(tenant)
    .batch([releaseByName(tenant, name, releasesFor(actor, "artifacts:read")), artifactsNamed(tenant, name)]);
  if (!release) throw unknownRelease();
  return { ...release, artifacts };
}

const releaseObject = (name: string) => ({ type: "release", id: name, detail: { release: { name } } });

export async function annotateRelease(deps: Deps, actor: Actor, name: string, notes: string): Promise<void> {
  const entry = { action: "update", object: releaseObject(name), change: `notes: ${notes}` };
  const reach = releasesFor(actor, "artifacts:manage");
  const [changed] = await deps
    .db(actor.tenant)
    .batch([setNotes(actor.tenant, name, notes, reach), addAuditIfChanged(actor, entry, deps.now())]);
  if (changed === 0) throw unknownRelease();
}

export async function tagRelease(
  deps: Deps,
  actor: Actor,
  name: string,
  tags: readonly string[],
): Promise<void> {
  const entry = { action: "update", object: releaseObject(name), change: `tags: ${tags.join(", ")}` };
  try {
    await deps
      .db(actor.tenant)
      .batch([...setTags(actor.tenant, name, tags), addAudit(actor, entry, deps.now())]);
  } catch (cause) {
    if (refusalOf(cause) === "no-release") throw unknownRelease();
    if (refusalOf(cause) === "too-many-tags") {
      throw new Fault("conflict", `the total number of unique tags (${MAX_UNIQUE_TAGS}) has been exceeded`);
    }
    throw cause;
  }
}

/** One transaction removes at most so many artifacts. */
const REMOVED_AT_ONCE = 50;

/** Removes releases with their artifacts and what these store; what an unfinished deployment uses stays. */
export async function deleteReleases(deps: Deps, actor: Actor, wanted: readonly string[]): Promise<void> {
  const database = deps.db(actor.tenant);
  const reach = releasesFor(actor, "artifacts:manage");
  // What is out of reach is left, and nothing is said of it.
  const names = reach === "all" ? wanted : await database.one(namesInReach(actor.tenant, wanted, reach));
  const active = await database.batch(
    names.map((name) => deps.participants.artifactUse.current(actor.tenant, name)),
  );
  if (active.some((ids) => ids.length > 0)) throw usedReleases(active.flat());
  for (;;) {
    const artifacts = await database.one(idsOfNames(actor.tenant, names, REMOVED_AT_ONCE));
    if (artifacts.length === 0) return;
    // Started just now, after the look above.
    if ((await removeArtifacts(deps, actor, artifacts)) === "in use") throw usedReleases([]);
  }
}

const usedReleases = (deployments: readonly { id: string }[]) =>
  new Fault("conflict", "release(s) used in active deployment", {
    extra: { active_deployments: [...new Set(deployments.map(({ id }) => id))] },
  });

export async function listTags(deps: Deps, actor: Actor): Promise<string[]> {
  return deps.db(actor.tenant).one(allTags(actor.tenant, releasesFor(actor, "artifacts:read")));
}

export async function listUpdateTypes(deps: Deps, actor: Actor): Promise<string[]> {
  return deps.db(actor.tenant).one(allUpdateTypes(actor.tenant, releasesFor(actor, "artifacts:read")));
}
