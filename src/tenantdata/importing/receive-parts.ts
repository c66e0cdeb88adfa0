import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { isUnknownMultipart } from "../../storage/index.ts";
import { ARCHIVE_PART_BYTES } from "../limits.ts";
import { partsOf } from "./archive-cursor.ts";
import { requireImportable } from "./importable.ts";
import { keepSentStatements, sentPartsStatement, sentStatements, type ImportRow } from "./import-store.ts";
import type { ImportView } from "./import-view.ts";
import { goOn, importOf, noImport, showImport } from "./imports.ts";

const lengthOf = ({ size }: ImportRow, part: number): number =>
  Math.min(ARCHIVE_PART_BYTES, size - (part - 1) * ARCHIVE_PART_BYTES);

/** Whether bytes of so many can be this part. */
export async function partToReceive(
  deps: Deps,
  id: string,
  part: number,
  declaredBytes: number | undefined,
): Promise<ImportRow> {
  const row = await importOf(deps, id);
  if (row.step !== "uploading") throw new Fault("conflict", "the archive is complete already");
  if (part > partsOf(row.size)) throw new Fault("bad_request", `the archive has ${partsOf(row.size)} parts`);
  const length = lengthOf(row, part);
  if (declaredBytes !== length)
    throw new Fault("bad_request", `part ${part} has ${length} bytes, which Content-Length has to tell`);
  return row;
}

/** Keeps a part; answers the archive once it is whole. */
async function keepPart(
  deps: Deps,
  { import_id: id, archive, multipart_id: multipart, size }: ImportRow,
  part: number,
  bytes: Uint8Array,
): Promise<{ etag: string } | undefined> {
  if (multipart === null) throw noImport();
  const upload = deps.bucket.resumeMultipartUpload(archive, multipart);
  try {
    const { etag } = await upload.uploadPart(part, bytes);
    const [kept] = await deps.directory.batch(keepSentStatements(id, part, etag, deps.now()));
    if (kept === 0) throw noImport();
    const sent = await deps.directory.one(sentPartsStatement(id));
    if (sent.length < partsOf(size)) return undefined;
    return await upload.complete(sent.map((one) => ({ partNumber: one.part, etag: one.etag })));
  } catch (cause) {
    if (!isUnknownMultipart(cause)) throw cause;
    // Completed by a request that could not write it down, or given up.
    const there = await deps.bucket.head(archive);
    if (there?.size !== size) throw noImport();
    return there;
  }
}

/** Takes a part; parts come in any order, at once or again. With the last one the import goes on by itself. */
export async function receivePart(
  deps: Deps,
  row: ImportRow,
  part: number,
  bytes: Uint8Array,
): Promise<ImportView> {
  const { import_id: id } = row;
  if (bytes.length !== lengthOf(row, part)) throw new Fault("bad_request", "the part breaks off");
  if (part === 1) await requireImportable(deps, bytes, partsOf(row.size));
  const whole = await keepPart(deps, row, part, bytes);
  if (whole) {
    await deps.directory.batch(sentStatements(id, whole.etag, deps.now()));
    goOn(deps, id);
  }
  return showImport(deps, id);
}
