import type { Actor } from "../platform/actor.ts";
import { addAuditIfChanged } from "../platform/audit.ts";
import { refusalOf, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { ARTIFACT_IN_USE } from "../platform/participants.ts";
import { doomObjects, freeUsage } from "../storage/index.ts";
import { deleteArtifacts, objectKeysOf } from "./artifact-store.ts";
import { refreshReleases } from "./release-store.ts";

interface Named {
  id: string;
  name: string;
}

/** An audit entry and an event for each of the artifacts, if the statement before them removed any. */
const traces = (actor: Actor, artifacts: readonly Named[], atMs: number): Statement<unknown>[] =>
  artifacts.flatMap(({ id, name }) => [
    addAuditIfChanged(
      actor,
      { action: "delete", object: { type: "artifact", id, detail: { artifact: { name } } } },
      atMs,
    ),
    addEventIfChanged({ kind: "artifact.deleted", tenant: actor.tenant, subject: id, data: { name } }, atMs),
  ]);

/**
 * Removes artifacts in one transaction, brings their releases into line and gives up the objects that no other
 * artifact shares; the event removes the bytes. Nothing changes while an unfinished deployment uses one of the names.
 */
export async function removeArtifacts(
  deps: Deps,
  actor: Actor,
  artifacts: readonly Named[],
): Promise<"removed" | "in use" | "gone"> {
  const { tenant } = actor;
  const database = deps.db(tenant);
  const ids = artifacts.map(({ id }) => id);
  const names = [...new Set(artifacts.map(({ name }) => name))];
  const keys = (await database.one(objectKeysOf(tenant, ids))).map(({ object_key }) => object_key);
  const now = deps.now();
  try {
    const [removed] = await database.batch([
      deleteArtifacts(tenant, ids),
      ...traces(actor, artifacts, now),
      freeUsage(tenant, keys),
      doomObjects(tenant, keys),
      ...refreshReleases(tenant, names, now),
      ...names.map((name) => deps.participants.artifactUse.demandUnused(tenant, name)),
    ]);
    return removed === 0 ? "gone" : "removed";
  } catch (cause) {
    if (refusalOf(cause) === ARTIFACT_IN_USE) return "in use";
    throw cause;
  }
}
