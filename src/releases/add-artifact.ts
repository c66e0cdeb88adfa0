import type { ArtifactDescription } from "../artifact/read.ts";
import type { Actor } from "../platform/actor.ts";
import { addAudit } from "../platform/audit.ts";
import { isUniqueViolation, type Statement } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import {
  aloneArrangement,
  arrangedKeys,
  arrangementStatements,
  giveUpObjects,
  isObjectGone,
  isOverQuota,
  overQuota,
  removeDoomedObjects,
  shareObject,
  storageQuota,
  type Arrangement,
  type StoredObject,
} from "../storage/index.ts";
import { candidateOf, shownArtifact, toImage, type ArtifactImage } from "./artifact.ts";
import { addArtifact, ARTIFACT_KEY, COMBINATION_KEY, takenCombinations } from "./artifact-store.ts";
import { digestOf, MAX_COMBINATIONS, unwind, type Combination } from "./combinations.ts";
import { refreshReleases } from "./release-store.ts";
import { demandTrusted } from "./trusted-keys.ts";

/**
 * What is kept of an artifact has to fit into one row with the columns beside it: 10,000 files with names of 50 characters
 * do.
 */
const MAX_RECORD_BYTES = 1_900_000;

/** The widest row is that of a deployment, which keeps what it chooses by beside the whole. */
function boundRecord(image: ArtifactImage): void {
  const { artifact_depends: depends, device_types_compatible: types } = image;
  const bytes = Buffer.byteLength(JSON.stringify([image, depends, types]));
  if (bytes <= MAX_RECORD_BYTES) return;
  throw new Fault(
    "bad_request",
    `names of files, meta-data, provides and depends take ${bytes} bytes in the record of the artifact, which holds ${MAX_RECORD_BYTES}`,
  );
}

export interface NewArtifact {
  id: string;
  description: string | undefined;
  read: ArtifactDescription;
  /** In the bucket, and read to its end. Whoever brought it removes it if the artifact is refused. */
  object: StoredObject;
  /** Bytes the tenant may store in all. */
  limit: number | null;
  /** Further changes of the same transaction. */
  also?: readonly Statement<unknown>[];
}

interface Prepared {
  artifact: NewArtifact;
  image: ArtifactImage;
  combinations: Combination[];
}

/** Adds an artifact to its release, or refuses it without a trace in the database. */
export async function acceptArtifact(deps: Deps, actor: Actor, artifact: NewArtifact): Promise<void> {
  const signedBy = await demandTrusted(deps, actor.tenant, artifact.read);
  const image = toImage(artifact.id, artifact.read, signedBy);
  boundRecord(image);
  const combinations = unwind(image.artifact_depends ?? {});
  if (!combinations) {
    throw new Fault("unprocessable", `more than ${MAX_COMBINATIONS} combinations of depends values`);
  }
  const prepared = { artifact, image, combinations };
  if (await addSharing(deps, actor, prepared)) return;
  await add(deps, actor, prepared, aloneArrangement(artifact.object));
}

/** False if there is nothing to share, or if what was to be shared vanished meanwhile. */
async function addSharing(deps: Deps, actor: Actor, prepared: Prepared): Promise<boolean> {
  const arrangement = await shareObject(deps, actor.tenant, prepared.artifact.object);
  if (!arrangement) return false;
  try {
    await add(deps, actor, prepared, arrangement);
  } catch (cause) {
    const shells = arrangement.keep.map(({ key }) => key);
    await giveUpObjects(deps, actor.tenant, shells);
    if (cause instanceof ObjectGone) return false;
    throw cause;
  }
  await removeDoomedObjects(deps, actor.tenant);
  return true;
}

/** An object was given up between the look at it and the transaction. */
class ObjectGone extends Fault {
  constructor(cause: unknown) {
    super("conflict", "the upload was given up because it made no progress", { cause });
  }
}

async function add(
  deps: Deps,
  actor: Actor,
  { artifact, image, combinations }: Prepared,
  arrangement: Arrangement,
): Promise<void> {
  const { tenant } = actor;
  const [now, keys] = [deps.now(), arrangedKeys(arrangement)];
  const row = {
    tenant,
    image,
    description: artifact.description,
    layout: arrangement.layout,
    keys,
    combinations: combinations.map(digestOf),
    atMs: now,
  };
  const object = { type: "artifact", id: image.id, detail: { artifact: { name: image.name } } };
  const candidate = candidateOf(shownArtifact(image, artifact.description, now));
  try {
    await deps
      .db(tenant)
      .batch([
        ...arrangementStatements(tenant, arrangement, artifact.limit),
        ...addArtifact(row),
        ...refreshReleases(tenant, [image.name], now),
        ...deps.participants.artifactAdded.map((offer) => offer(tenant, candidate)),
        addAudit(actor, { action: "upload", object }, now),
        ...(artifact.also ?? []),
      ]);
  } catch (cause) {
    throw await conflictOrCause(deps, tenant, cause, image, combinations);
  }
}

async function conflictOrCause(
  deps: Deps,
  tenant: TenantId,
  cause: unknown,
  image: ArtifactImage,
  combinations: readonly Combination[],
): Promise<unknown> {
  if (isUniqueViolation(cause, COMBINATION_KEY)) {
    const digests = combinations.map(digestOf);
    const taken = await deps.db(tenant).one(takenCombinations(tenant, image.name, digests));
    const clashing = combinations.find((_, i) => taken.some(({ combination }) => combination === digests[i]));
    return new Fault("conflict", "an artifact with the same name and depends already exists", {
      extra: { metadata: { conflict: clashing ?? {} } },
    });
  }
  if (isUniqueViolation(cause, ARTIFACT_KEY)) {
    return new Fault("conflict", "an artifact with the same id already exists");
  }
  if (isOverQuota(cause)) return overQuota(await storageQuota(deps, tenant));
  if (isObjectGone(cause)) return new ObjectGone(cause);
  return cause;
}
