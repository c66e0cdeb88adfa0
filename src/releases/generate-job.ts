import { z } from "@hono/zod-openapi";
import { readArtifact } from "../artifact/read.ts";
import { writeArtifact } from "../artifact/write.ts";
import type { Actor } from "../platform/actor.ts";
import { inPages, type Duty } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { asUserId, type TenantId } from "../platform/ids.ts";
import { NO_RIGHTS } from "../platform/rights.ts";
import {
  doomObjects,
  ObjectUpload,
  readObject,
  removeDoomedObjects,
  storageQuota,
} from "../storage/index.ts";
import { acceptArtifact } from "./add-artifact.ts";
import { PayloadSchema, specOf } from "./generate-payload.ts";
import {
  demandWanted,
  finishGeneration,
  forgetGeneration,
  FORGETTING,
  generationOf,
  oldGenerations,
  setWritten,
  type Generation,
  type OldGeneration,
} from "./generate-store.ts";

/** After how many bytes the progress of a large artifact is told. */
const PROGRESS_BYTES = 8 * 1024 * 1024;

const StoredActor = z.object({ user: z.string(), email: z.string(), roles: z.array(z.string()) });
const StoredTypes = z.array(z.string());

/**
 * Writes a promised artifact from its source, both in the bucket, in constant memory. Artifact, end of the promise and
 * end of the source are one transaction; whatever was written before a crash is swept and written again.
 */
export async function writeGeneratedArtifact(deps: Deps, tenant: TenantId, id: string): Promise<void> {
  const generation = await deps.db(tenant).one(generationOf(tenant, id));
  if (!generation) throw new Fault("not_found", "the source of the artifact is gone");
  if (generation.finished_ms === null) await writeOnce(deps, tenant, generation);
  await removeDoomedObjects(deps, tenant);
}

async function writeOnce(deps: Deps, tenant: TenantId, generation: Generation): Promise<void> {
  const upload = await ObjectUpload.begin(deps, tenant);
  try {
    await writeInto(deps, tenant, generation, upload);
  } catch (cause) {
    await upload.abandon();
    const now = await deps.db(tenant).one(generationOf(tenant, generation.artifact_id));
    // Another delivery may have been faster; then there is nothing left to do.
    if (now === undefined || now.finished_ms === null) throw cause;
  }
}

async function writeInto(
  deps: Deps,
  tenant: TenantId,
  generation: Generation,
  upload: ObjectUpload,
): Promise<void> {
  const { artifact_id: id, name, size, sha256, source_key: source } = generation;
  const quota = await storageQuota(deps, tenant);
  const deviceTypes = StoredTypes.parse(JSON.parse(generation.device_types));
  const payload = PayloadSchema.parse(JSON.parse(generation.payload));
  const open = () => sourceChunks(deps, tenant, generation);
  const written = await writeArtifact(specOf(payload, { name, deviceTypes }, { size, sha256, open }));
  const read = await readArtifact(upload.tap(written.chunks()), { expectedSize: written.size });
  if (!read.ok) throw new Fault("unprocessable", read.fault.message);
  await acceptArtifact(deps, actorOf(tenant, generation), {
    id,
    description: generation.description ?? undefined,
    read: read.artifact,
    object: await upload.finish(),
    limit: quota.limit,
    also: [demandWanted(tenant, id), finishGeneration(tenant, id, deps.now()), doomObjects(tenant, [source])],
  });
}

/** Who asked for it also adds it. */
function actorOf(tenant: TenantId, { actor }: Generation): Actor {
  const { user, email, roles } = StoredActor.parse(JSON.parse(actor));
  return { kind: "user", tenant, user: asUserId(user), email, roles, rights: NO_RIGHTS, token: "" };
}

async function* sourceChunks(
  deps: Deps,
  tenant: TenantId,
  { artifact_id: id, source_key: key, size }: Generation,
): AsyncGenerator<Uint8Array, void> {
  let [passed, told] = [0, 0];
  for await (const chunk of readObject(deps, key, size)) {
    yield chunk;
    passed += chunk.length;
    if (passed - told < PROGRESS_BYTES) continue;
    told = passed;
    await deps.db(tenant).one(setWritten(tenant, id, passed));
  }
}

/** Promises older than this go, and with those that were not kept their sources. */
export async function forgetGenerations(deps: Deps, beforeMs: number): Promise<void> {
  const duty: Duty<OldGeneration> = {
    name: FORGETTING,
    of: ({ tenant_id, artifact_id }) => ({ tenant: tenant_id, key: artifact_id }),
    work: async ({ tenant_id: tenant, artifact_id: id, source_key: source }) => {
      await deps.db(tenant).batch([forgetGeneration(tenant, id), doomObjects(tenant, [source])]);
      await removeDoomedObjects(deps, tenant);
    },
  };
  await inPages(deps, duty, (db, limit) => db.one(oldGenerations(beforeMs, deps.now(), limit)));
}
