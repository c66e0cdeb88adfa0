import { z } from "@hono/zod-openapi";
import { RetryLater, type EventHandler } from "../platform/background.ts";
import type { Deps } from "../platform/deps.ts";
import { STORAGE } from "../platform/limits.ts";
import { addEventIfChanged } from "../platform/outbox.ts";
import { ARCHIVE_TYPE } from "./archive-format.ts";
import { EXPORT_PART } from "./events.ts";
import {
  endExportStatements,
  exportPartsStatement,
  exportStatement,
  keepPartStatements,
  leaseExportStatement,
  type ExportKey,
  type ExportRow,
} from "./export-store.ts";
import { PART_LEASE_MS } from "./limits.ts";
import { exportsFolderOf } from "./objects.ts";
import type { Position } from "./position.ts";
import { writePart } from "./write-part.ts";
import { ExportFault } from "./writing.ts";

const Data = z.object({ part: z.number().int().min(1) });

export const archiveKey = ({ tenant, id }: ExportKey): string => `${exportsFolderOf(tenant)}${id}.tar`;

const options = { httpMetadata: { contentType: ARCHIVE_TYPE } };

const keyOf = (row: ExportRow): ExportKey => ({ tenant: row.tenant_id, id: row.export_id });

/** The export whose next part this message is about, taken for oneself; undefined if the message means nothing any more. */
async function takeExport(deps: Deps, key: ExportKey, part: number): Promise<ExportRow | undefined> {
  const nowMs = deps.now();
  const lease = { nowMs, untilMs: nowMs + PART_LEASE_MS };
  const [taken, row] = await deps
    .db(key.tenant)
    .batch([leaseExportStatement(key, part - 1, lease), exportStatement(key)] as const);
  if (row?.state !== "running" || row.parts !== part - 1) return undefined;
  if (taken === 0) throw new RetryLater("another delivery of this part is at work");
  return row;
}

/** The upload of the archive, begun with the first part. */
const uploadOf = async ({ bucket }: Deps, row: ExportRow): Promise<R2MultipartUpload> =>
  row.multipart_id === null
    ? bucket.createMultipartUpload(archiveKey(keyOf(row)), options)
    : bucket.resumeMultipartUpload(archiveKey(keyOf(row)), row.multipart_id);

/** The last part; the archive is there with it. One that an earlier delivery has completed is taken as it is. */
async function putLast(deps: Deps, row: ExportRow, bytes: Uint8Array): Promise<number> {
  const key = archiveKey(keyOf(row));
  if (row.multipart_id === null) {
    await deps.bucket.put(key, bytes, options);
    return bytes.length;
  }
  const there = await deps.bucket.head(key);
  if (there) return there.size;
  const upload = deps.bucket.resumeMultipartUpload(key, row.multipart_id);
  const { etag } = await upload.uploadPart(row.parts + 1, bytes);
  const parts = await deps.db(row.tenant_id).one(exportPartsStatement(keyOf(row)));
  await upload.complete([
    ...parts.map((one) => ({ partNumber: one.part, etag: one.etag })),
    { partNumber: row.parts + 1, etag },
  ]);
  return row.size + bytes.length;
}

async function makePart(deps: Deps, row: ExportRow): Promise<void> {
  const { tenant_id: tenant, export_id: id, parts } = row;
  if (parts + 1 > STORAGE.parts)
    throw new ExportFault(
      "the tenant has more than an archive may hold; ask for one that refers to the objects",
    );
  const before = JSON.parse(row.position) as Position; // written below and by `askForExport`
  const { bytes, position, isLast } = await writePart(deps, row, before, parts === 0);
  const atMs = deps.now();
  if (isLast) {
    const size = await putLast(deps, row, bytes);
    const end = { state: "done", size, position: JSON.stringify(position), failure: null, atMs } as const;
    await deps.db(tenant).batch(endExportStatements(keyOf(row), end));
    return;
  }
  const upload = await uploadOf(deps, row);
  const { etag } = await upload.uploadPart(parts + 1, bytes);
  const made = {
    multipart: upload.uploadId,
    etag,
    size: row.size + bytes.length,
    position: JSON.stringify(position),
    atMs,
  };
  const next = { kind: EXPORT_PART, tenant, subject: id, data: { part: parts + 2 } } as const;
  await deps.db(tenant).batch([...keepPartStatements(row, made), addEventIfChanged(next, atMs)]);
}

/** What was sent of an archive that is not to be. */
export async function dropArchive(deps: Deps, row: ExportRow): Promise<void> {
  const key = archiveKey(keyOf(row));
  if (row.multipart_id !== null)
    await deps.bucket
      .resumeMultipartUpload(key, row.multipart_id)
      .abort()
      .catch((cause: unknown) => deps.log.info("the storage ends the upload by itself", { key, cause }));
  await deps.bucket.delete(key);
}

/** Makes one part of an archive. A message that comes twice or late changes nothing. */
export const makeExportPart: EventHandler = async (deps, { tenant, subject: id, data }) => {
  const { part } = Data.parse(data);
  const row = await takeExport(deps, { tenant, id }, part);
  if (!row) return;
  try {
    await makePart(deps, row);
  } catch (cause) {
    if (!(cause instanceof ExportFault)) throw cause;
    const end = { state: "failed", size: 0, position: row.position, failure: cause.message } as const;
    await deps.db(tenant).batch(endExportStatements({ tenant, id }, { ...end, atMs: deps.now() }));
    await dropArchive(deps, row);
  }
};
