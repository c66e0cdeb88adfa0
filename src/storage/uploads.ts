import type { Actor } from "../platform/actor.ts";
import { rfc3339 } from "../platform/clock.ts";
import type { Deps } from "../platform/deps.ts";
import { Fault } from "../platform/fault.ts";
import { newId, type TenantId } from "../platform/ids.ts";
import { STORAGE } from "../platform/limits.ts";
import { passOn } from "./pass-on.ts";
import { membersOf, signedLink, type UserRecipient } from "./links.ts";
import { demandRight, readWithRight, watchUpload } from "./upload-right.ts";
import { ARTIFACT_TYPE } from "./object-writer.ts";
import {
  giveUpObjects,
  HEARTBEAT_MS,
  isUnknownMultipart,
  newObjectKey,
  removeDoomedObjects,
} from "./objects.ts";
import { overQuota, roomIn, storageQuota } from "./quota.ts";
import { addObject, multipartOf, setMultipart, touchObject } from "./store.ts";
import {
  addPart,
  addUpload,
  keepUploaded,
  partsOf,
  prolongUpload,
  replaceObject,
  uploadById,
  type PartRow,
  type UploadRow,
} from "./upload-store.ts";

/** Every part but the last has this size. */
export const UPLOAD_PART_BYTES = 16 * 1024 * 1024;
const MAX_OPEN_UPLOADS = 100;

export interface UploadLink {
  id: string;
  uri: string;
  expire: string;
  method: "PUT";
  header: Record<string, string>;
  /** For an upload in parts: every part but the last has this size. */
  part_size: number;
}

const unknownUpload = () => new Fault("not_found", "Resource not found");

/** A link dies with the right of whom it is given to. */
export async function linkToUpload(deps: Deps, actor: Actor, id: string): Promise<UploadLink> {
  const path = `/api/storage/v1/uploads/${encodeURIComponent(actor.tenant)}/${id}`;
  const query = membersOf(actor.kind === "user" ? actor : undefined);
  const link = await signedLink(deps, {
    method: "PUT",
    path,
    lifeS: deps.settings.UPLOAD_LINK_LIFE_S,
    query,
  });
  return { id, ...link, method: "PUT", header: {}, part_size: UPLOAD_PART_BYTES };
}

export async function openUpload(
  deps: Deps,
  actor: Actor,
  { description, size }: { description?: string | undefined; size?: number | undefined },
): Promise<UploadLink> {
  const { tenant } = actor;
  if (size !== undefined) await boundSize(deps, tenant, size);
  const [id, key, now] = [newId(), newObjectKey(tenant), deps.now()];
  const upload = { id, key, description, actor: storedActor(actor), expiresMs: expiryFrom(deps) };
  const [, opened] = await deps
    .db(tenant)
    .batch([addObject(tenant, key, "collecting", now), addUpload(tenant, upload, MAX_OPEN_UPLOADS)]);
  if (opened === 0) {
    await giveUpObjects(deps, tenant, [key]);
    throw new Fault("rate_limited", `there are ${MAX_OPEN_UPLOADS} open uploads already`, {
      headers: { "Retry-After": "60" },
    });
  }
  return linkToUpload(deps, actor, id);
}

/** Who asked for it also adds it; the token of the request stays out of it. */
const storedActor = (actor: Actor): string =>
  JSON.stringify(actor.kind === "user" ? { ...actor, token: "" } : actor);

const expiryFrom = ({ settings, now }: Deps) => now() + settings.UPLOAD_LINK_LIFE_S * 1000;

async function boundSize(deps: Deps, tenant: TenantId, size: number): Promise<void> {
  if (size > deps.settings.MAX_ARTIFACT_BYTES) throw new Fault("too_large", "Artifact file too large");
  const quota = await storageQuota(deps, tenant);
  if (size > roomIn(quota)) throw overQuota(quota);
}

export interface UploadStatus {
  id: string;
  state: UploadRow["state"];
  part_size: number;
  parts: { part: number; size: number }[];
  expire: string;
  error?: string;
}

/** How far the upload came; what a client reads after a cut to know which parts are missing. */
export async function showUpload(
  deps: Deps,
  tenant: TenantId,
  id: string,
  holder?: UserRecipient,
): Promise<UploadStatus> {
  const [upload, parts] = await readWithRight(deps, tenant, holder, [
    uploadById(tenant, id),
    partsOf(tenant, id),
  ]);
  if (!upload) throw unknownUpload();
  return {
    id,
    state: upload.state,
    part_size: UPLOAD_PART_BYTES,
    parts: parts.map(({ part, size }) => ({ part, size })),
    expire: rfc3339(upload.expires_ms),
    ...(upload.failure === null ? {} : { error: upload.failure }),
  };
}

async function findOpen(
  deps: Deps,
  tenant: TenantId,
  id: string,
  holder: UserRecipient | undefined,
): Promise<UploadRow> {
  const [upload] = await readWithRight(deps, tenant, holder, [uploadById(tenant, id)]);
  if (upload?.state !== "open") throw unknownUpload();
  return upload;
}

export interface UploadBody {
  /** Whom the link was given to that it came by. */
  holder: UserRecipient | undefined;
  stream: ReadableStream<Uint8Array> | null;
  declaredBytes: number | undefined;
}

/** The storage needs to know the length beforehand; the runtime holds the body to it. */
function boundBody(
  { stream, declaredBytes }: UploadBody,
  maxBytes: number,
): { stream: ReadableStream<Uint8Array>; size: number } {
  if (stream === null || declaredBytes === undefined || !(declaredBytes > 0)) {
    throw new Fault("bad_request", "Content-Length is required");
  }
  if (declaredBytes > maxBytes) {
    throw new Fault(
      "too_large",
      `one request may carry at most ${maxBytes} bytes: send parts of ${UPLOAD_PART_BYTES} bytes with the query member part=1, 2, …`,
    );
  }
  return { stream, size: declaredBytes };
}

/** Says every minute that bytes are still coming, however slow the client is. */
function keepAlive(deps: Deps, beat: () => Promise<unknown>): () => void {
  const timer = setInterval(() => {
    beat().catch((cause: unknown) => deps.log.error("no sign of life recorded", { cause }));
  }, HEARTBEAT_MS);
  return () => clearInterval(timer);
}

/** Takes the whole artifact in one request. Sent again before the upload is complete, it replaces what was there. */
export async function receiveWhole(
  deps: Deps,
  tenant: TenantId,
  id: string,
  body: UploadBody,
): Promise<void> {
  const { stream, size } = boundBody(body, Math.min(STORAGE.putBytes, deps.settings.MAX_BODY_BYTES));
  await findOpen(deps, tenant, id, body.holder);
  await boundSize(deps, tenant, size);
  const database = deps.db(tenant);
  const key = newObjectKey(tenant);
  await database.one(addObject(tenant, key, "writing", deps.now()));
  const stop = keepAlive(deps, () =>
    database.batch([touchObject(tenant, key, deps.now()), prolongUpload(tenant, id, expiryFrom(deps))]),
  );
  const watch = watchUpload(deps, tenant, body.holder);
  const work = (async () => {
    try {
      await passOn(deps, { stream, size, giveUp: watch.lost }, (bytes) =>
        deps.bucket.put(key, bytes, { httpMetadata: { contentType: ARTIFACT_TYPE } }),
      );
      await demandRight(deps, tenant, body.holder);
      const [, , kept] = await database.batch([
        ...replaceObject(tenant, id, key),
        keepUploaded(tenant, id, { key, size }),
      ] as const);
      if (kept === 0) throw unknownUpload();
      await removeDoomedObjects(deps, tenant);
    } catch (cause) {
      await giveUpObjects(deps, tenant, [key]);
      throw cause;
    } finally {
      watch.end();
      stop();
    }
  })();
  // A client that goes away must not stop the removal of what it sent.
  deps.later(work.catch(() => undefined));
  await work;
}

/** Takes one part; parts come in any order, at once or again. */
export async function receivePart(
  deps: Deps,
  tenant: TenantId,
  id: string,
  part: number,
  body: UploadBody,
): Promise<PartRow> {
  const { stream, size } = boundBody(body, Math.min(UPLOAD_PART_BYTES, deps.settings.MAX_BODY_BYTES));
  const upload = await findOpen(deps, tenant, id, body.holder);
  if (upload.object_state !== "collecting") {
    throw new Fault("conflict", "the artifact was sent as a whole already");
  }
  await boundSize(deps, tenant, (part - 1) * UPLOAD_PART_BYTES + size);
  const multipart = await multipartFor(deps, tenant, upload);
  const stop = keepAlive(deps, () => deps.db(tenant).one(prolongUpload(tenant, id, expiryFrom(deps))));
  const watch = watchUpload(deps, tenant, body.holder);
  try {
    const { etag } = await passOn(deps, { stream, size, giveUp: watch.lost }, (bytes) =>
      multipart.uploadPart(part, bytes),
    );
    await demandRight(deps, tenant, body.holder);
    const row = { part, etag, size };
    const [kept] = await deps
      .db(tenant)
      .batch([addPart(tenant, id, row), prolongUpload(tenant, id, expiryFrom(deps))]);
    if (kept === 0) throw unknownUpload();
    return row;
  } catch (cause) {
    // Cancelled or expired while the part was on its way.
    throw isUnknownMultipart(cause) ? unknownUpload() : cause;
  } finally {
    watch.end();
    stop();
  }
}

/** The storage's own upload in parts, begun by whichever part comes first. */
async function multipartFor(deps: Deps, tenant: TenantId, upload: UploadRow): Promise<R2MultipartUpload> {
  const key = upload.object_key;
  if (upload.multipart_id !== null) return deps.bucket.resumeMultipartUpload(key, upload.multipart_id);
  const begun = await deps.bucket.createMultipartUpload(key, {
    httpMetadata: { contentType: ARTIFACT_TYPE },
  });
  const [won, winner] = await deps
    .db(tenant)
    .batch([setMultipart(tenant, key, begun.uploadId), multipartOf(tenant, key)]);
  if (won > 0) return begun;
  await begun.abort();
  if (!winner?.multipart_id) throw unknownUpload();
  return deps.bucket.resumeMultipartUpload(key, winner.multipart_id);
}
