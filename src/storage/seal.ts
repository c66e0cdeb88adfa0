import { type Duty, inEachDatabase, inPages } from "../platform/apart.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import type { TenantId } from "../platform/ids.ts";
import { addEventIfChanged, type Event } from "../platform/outbox.ts";
import { UPLOAD_SEALED } from "./events.ts";
import { isUnknownMultipart, removeDoomedObjects } from "./objects.ts";
import { UPLOAD_PART_BYTES } from "./uploads.ts";
import { RetryLater } from "../platform/background.ts";
import { keepObject } from "./store.ts";
import {
  doomUploaded,
  EXPIRY,
  expiredUploads,
  failUpload,
  forgetUploads,
  leaseUpload,
  partsOf,
  renewLease,
  sealUpload,
  uploadById,
  type ExpiredUpload,
  type PartRow,
  type UploadRow,
} from "./upload-store.ts";

const unknownUpload = () => new Fault("not_found", "Resource not found");

/** Takes no more bytes and has a job verify what came. Not found without any byte, or a second time. */
export async function completeUpload(deps: Deps, tenant: TenantId, id: string): Promise<void> {
  const [upload, parts] = await deps.db(tenant).batch([uploadById(tenant, id), partsOf(tenant, id)]);
  if (!upload) throw unknownUpload();
  if (upload.object_state === "collecting") demandWhole(parts);
  const now = deps.now();
  const event: Event = { kind: UPLOAD_SEALED, tenant, subject: id };
  const [sealed] = await deps
    .db(tenant)
    .batch([sealUpload(tenant, id, upload.object_key, now), addEventIfChanged(event, now)]);
  if (sealed === 0) throw unknownUpload();
}

/** Parts follow each other without a gap, and all but the last are full. */
function demandWhole(parts: readonly PartRow[]): void {
  if (parts.length === 0) throw unknownUpload();
  const broken = parts.find(
    ({ part, size }, i) => part !== i + 1 || (i < parts.length - 1 && size !== UPLOAD_PART_BYTES),
  );
  if (broken) {
    throw new Fault(
      "bad_request",
      `parts are missing or of another size than ${UPLOAD_PART_BYTES} bytes around part ${broken.part}`,
    );
  }
}

/** How long a job may be silent before another takes over, and how often a verification is begun at most. */
const LEASE_MS = 5 * 60_000;
const MAX_ATTEMPTS = 5;

export interface LeasedUpload {
  upload: UploadRow;
  size: number;
  /** To be called while the work goes on. */
  renew: () => Promise<unknown>;
}

/**
 * Gives the upload to this job, its parts joined to one object. Undefined if there is nothing to do any more. Throws
 * while another job is at work, so that the event comes again.
 */
export async function leaseSealed(
  deps: Deps,
  tenant: TenantId,
  id: string,
): Promise<LeasedUpload | undefined> {
  const database = deps.db(tenant);
  const now = deps.now();
  const [leased, upload, parts] = await database.batch([
    leaseUpload(tenant, id, now, now + LEASE_MS),
    uploadById(tenant, id),
    partsOf(tenant, id),
  ]);
  if (upload?.state !== "verifying") return undefined;
  if (leased === 0) throw new RetryLater(`another job verifies upload ${id}`);
  if (upload.attempts > MAX_ATTEMPTS) {
    await rejectUpload(deps, tenant, id, "the artifact could not be verified");
    return undefined;
  }
  if (upload.object_state === "collecting") await joinParts(deps, upload, parts);
  const object = await deps.bucket.head(upload.object_key);
  if (!object) {
    await rejectUpload(deps, tenant, id, "nothing was uploaded");
    return undefined;
  }
  const { size } = object;
  await database.one(keepObject(tenant, upload.object_key, { size }));
  return { upload, size, renew: () => database.one(renewLease(tenant, id, deps.now() + LEASE_MS)) };
}

/** A job that died after the joining finds the upload in parts gone and the object there. */
async function joinParts(deps: Deps, upload: UploadRow, parts: readonly PartRow[]): Promise<void> {
  if (upload.multipart_id === null) return;
  const multipart = deps.bucket.resumeMultipartUpload(upload.object_key, upload.multipart_id);
  const list = parts.map(({ part, etag }) => ({ partNumber: part, etag }));
  await multipart.complete(list).catch((cause: unknown) => {
    if (!isUnknownMultipart(cause)) throw cause;
  });
}

/** The upload ends without an artifact, and its bytes go. */
export async function rejectUpload(
  deps: Deps,
  tenant: TenantId,
  id: string,
  reason: string,
): Promise<boolean> {
  const [failed] = await deps.db(tenant).batch([failUpload(tenant, id, reason), doomUploaded(tenant, id)]);
  await removeDoomedObjects(deps, tenant);
  return failed > 0;
}

/** How long after its link an upload may still be finished by a request that is under way, and results be read. */
const GRACE_MS = 10 * 60_000;
const KEEP_RESULTS_MS = 24 * 3_600_000;

const expiry = (deps: Deps): Duty<ExpiredUpload> => ({
  name: EXPIRY,
  of: ({ tenant_id, upload_id }) => ({ tenant: tenant_id, key: upload_id }),
  work: ({ tenant_id, upload_id }) =>
    rejectUpload(deps, tenant_id, upload_id, "the upload was not completed in time"),
});

/** Ends uploads that were never completed, and forgets old results. */
export async function sweepExpiredUploads(deps: Deps): Promise<void> {
  const now = deps.now();
  await inPages(deps, expiry(deps), (db, limit) => db.one(expiredUploads(now - GRACE_MS, deps.now(), limit)));
  await inEachDatabase(deps, async ({ db }) => {
    await db.one(forgetUploads(now - KEEP_RESULTS_MS));
  });
}
