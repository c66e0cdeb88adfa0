import { readArtifact } from "../artifact/read.ts";
import type { EventHandler } from "../platform/background.ts";
import type { Actor } from "../platform/actor.ts";
import { refusalOf } from "../platform/database.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import {
  completeUpload,
  finishUpload,
  HEARTBEAT_MS,
  leaseSealed,
  linkToUpload,
  openUpload,
  PayloadRegion,
  readObject,
  rejectUpload,
  showUpload,
  storageQuota,
  type LeasedUpload,
  type UploadLink,
  type UploadStatus,
} from "../storage/index.ts";
import { acceptArtifact } from "./add-artifact.ts";
import { refuseArtifact } from "./upload.ts";

/** Opens an upload that goes past the limits of one request; answers with the link to send the bytes to. */
export async function requestUpload(
  deps: Deps,
  actor: Actor,
  announced: { description?: string | undefined; size?: number | undefined },
): Promise<UploadLink> {
  return openUpload(deps, actor, announced);
}

/** How far an upload came and a fresh link to go on with. */
export async function followUpload(
  deps: Deps,
  actor: Actor,
  id: string,
): Promise<UploadStatus & Pick<UploadLink, "uri" | "expire">> {
  const status = await showUpload(deps, actor.tenant, id);
  const { uri, expire } = await linkToUpload(deps, actor, id);
  return { ...status, uri, expire };
}

export async function closeUpload(deps: Deps, actor: Actor, id: string): Promise<void> {
  await completeUpload(deps, actor.tenant, id);
}

export async function cancelUpload(deps: Deps, actor: Actor, id: string): Promise<void> {
  const ended = await rejectUpload(deps, actor.tenant, id, "the upload was cancelled");
  if (!ended) throw new Fault("not_found", "Resource not found");
}

/** Follows a completed upload: reads all of it back, checks it like any other, and makes the artifact or refuses it. */
export const verifyUpload: EventHandler = async (deps, { tenant, subject: id }) => {
  const leased = await leaseSealed(deps, tenant, id);
  if (!leased) return;
  try {
    await acceptUpload(deps, tenant, id, leased);
  } catch (cause) {
    // Cancelled, or accepted by another job, while this one read.
    if (refusalOf(cause) === "upload-closed") return;
    if (!(cause instanceof Fault) || cause.kind === "unavailable") throw cause;
    await rejectUpload(deps, tenant, id, cause.publicMessage);
  }
};

async function acceptUpload(deps: Deps, tenant: TenantId, id: string, leased: LeasedUpload): Promise<void> {
  const { upload, size } = leased;
  const { limit } = await storageQuota(deps, tenant);
  const region = new PayloadRegion();
  const chunks = watched(deps, readObject(deps, upload.object_key, size), region, leased.renew);
  const read = await readArtifact(chunks, { maxBytes: deps.settings.MAX_ARTIFACT_BYTES });
  if (!read.ok) throw refuseArtifact(read.fault);
  const actor = JSON.parse(upload.actor) as Actor; // written by `openUpload`
  await acceptArtifact(deps, actor, {
    id,
    description: upload.description ?? undefined,
    read: read.artifact,
    object: { key: upload.object_key, size, payload: region.payload() },
    limit,
    also: finishUpload(tenant, id),
  });
}

/** Shows the bytes to the region and says from time to time that the job is alive. */
async function* watched(
  deps: Deps,
  chunks: AsyncIterable<Uint8Array>,
  region: PayloadRegion,
  beat: () => Promise<unknown>,
): AsyncGenerator<Uint8Array, void> {
  let beatMs = deps.now();
  for await (const chunk of chunks) {
    region.update(chunk);
    if (deps.now() - beatMs >= HEARTBEAT_MS) {
      beatMs = deps.now();
      await beat();
    }
    yield chunk;
  }
}
