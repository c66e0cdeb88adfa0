import type { Sweep } from "../../platform/background.ts";
import { isUnknownMultipart } from "../../storage/index.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { asTenantId, newSortableId } from "../../platform/ids.ts";
import { INVOCATION, STORAGE } from "../../platform/limits.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { placeTenant, type Jurisdiction } from "../../platform/placing.ts";
import { ARCHIVE_TYPE, type Header } from "../archive-format.ts";
import { ARCHIVE_PART_BYTES, IMPORT_ATTEMPTS, IMPORT_LIFE_MS, OPEN_IMPORTS } from "../limits.ts";
import { requireKnownState } from "../schema-state.ts";
import { entriesOf, partsOf } from "./archive-cursor.ts";
import { headerIn } from "./check-archive.ts";
import { ImportFault } from "./import-fault.ts";
import { FIRST_POSITION } from "./import-position.ts";
import { doStep, failing, tenantIsHere } from "./import-steps.ts";
import { readArchive } from "./read-archive.ts";
import {
  addImportStatement,
  advanceStatement,
  cancelStatement,
  countImportsStatement,
  demandStep,
  endIdleStatement,
  forgetEndedStatement,
  forgetImportStatement,
  IMPORT_MOVED_ON,
  importsStatement,
  importStatement,
  isTenantStatement,
  keepSentStatements,
  leaseStatement,
  openImportsStatement,
  releaseStatement,
  sentPartsStatement,
  sentStatements,
  type ImportRow,
} from "./import-store.ts";
import { viewOf, type ImportView } from "./import-view.ts";

/** Of an archive: so many parts an upload can have. */
export const ARCHIVE_BYTES = STORAGE.parts * ARCHIVE_PART_BYTES;

/** How long nobody else takes up an import that somebody works on. */
export const LEASE_MS = 120_000;
/** Calls of databases that one run makes; the next goes on. */
const CALLS_A_RUN = Math.floor(INVOCATION.databaseCalls / 2);
/** More than one step makes. */
const CALLS_A_STEP = 120;

/** Where archives are that were sent for an import. No tenant has files there. */
const sentKey = (id: string): string => `imports/archives/${id}.tar`;

const noImport = () => new Fault("not_found", "there is no such import");

async function importOf(deps: Deps, id: string): Promise<ImportRow> {
  const row = await deps.directory.one(importStatement(id));
  if (!row) throw noImport();
  return row;
}

export async function showImport(deps: Deps, id: string): Promise<ImportView> {
  const row = await importOf(deps, id);
  if (row.step !== "uploading") return viewOf(row);
  const parts = await deps.directory.one(sentPartsStatement(id));
  return viewOf(
    row,
    parts.map(({ part }) => part),
  );
}

export async function listImports(deps: Deps, page: Page): Promise<{ views: ImportView[]; total: number }> {
  const [found, total] = await deps.directory.batch([
    importsStatement({ offset: offsetOf(page), limit: page.perPage }),
    countImportsStatement,
  ]);
  return { views: found.map((row) => viewOf(row)), total };
}

/** What the first part of an archive says of it; refused unless it can be brought in here. */
async function requireImportable(deps: Deps, bytes: Uint8Array, parts: number): Promise<Header> {
  try {
    const header = headerIn(entriesOf(bytes, 0, parts)[0]);
    requireKnownState(header);
    if (await deps.directory.one(isTenantStatement(asTenantId(header.tenant))))
      throw new Fault("conflict", tenantIsHere(header.tenant));
    return header;
  } catch (cause) {
    throw cause instanceof ImportFault ? new Fault("unprocessable", cause.message, { cause }) : cause;
  }
}

const begun = {
  etag: null,
  multipart_id: null,
  position: JSON.stringify(FIRST_POSITION),
} as const;

type Begun = Pick<ImportRow, "step" | "archive" | "is_sent" | "size" | "etag" | "multipart_id">;

async function add(
  deps: Deps,
  id: string,
  row: Begun,
  jurisdiction: Jurisdiction | undefined,
): Promise<void> {
  if (jurisdiction !== undefined) await placeTenant(deps, jurisdiction);
  const whole = {
    ...begun,
    ...row,
    import_id: id,
    jurisdiction: jurisdiction ?? null,
    created_ms: deps.now(),
  };
  if ((await deps.directory.one(addImportStatement(whole, OPEN_IMPORTS))) === 0)
    throw new Fault("conflict", `${OPEN_IMPORTS} imports are under way already: end one of them first`);
}

/** Begins an import of an archive that is sent in parts. */
export async function beginUpload(
  deps: Deps,
  { size, jurisdiction }: { size: number; jurisdiction: Jurisdiction | undefined },
): Promise<ImportView> {
  const id = newSortableId(deps.now());
  const key = sentKey(id);
  const upload = await deps.bucket.createMultipartUpload(key, {
    httpMetadata: { contentType: ARCHIVE_TYPE },
  });
  const row = {
    step: "uploading",
    archive: key,
    is_sent: 1,
    size,
    etag: null,
    multipart_id: upload.uploadId,
  } as const;
  await add(deps, id, row, jurisdiction).catch(async (cause: unknown) => {
    await upload.abort();
    throw cause;
  });
  return showImport(deps, id);
}

/** Begins an import of an archive that is in the bucket, and stays there. */
export async function beginFromBucket(
  deps: Deps,
  { object, jurisdiction }: { object: string; jurisdiction: Jurisdiction | undefined },
): Promise<ImportView> {
  const there = await deps.bucket.head(object);
  if (!there) throw new Fault("unprocessable", "there is no such object in the bucket");
  if (there.size > ARCHIVE_BYTES || there.size === 0)
    throw new Fault("unprocessable", "this is no archive of a tenant");
  const id = newSortableId(deps.now());
  const row = {
    step: "checking",
    archive: object,
    is_sent: 0,
    size: there.size,
    etag: there.etag,
    multipart_id: null,
  } as const;
  const first = await readArchive(deps, row, 0).catch((cause: unknown) => {
    throw cause instanceof ImportFault ? new Fault("unprocessable", cause.message, { cause }) : cause;
  });
  await requireImportable(deps, first, partsOf(there.size));
  await add(deps, id, row, jurisdiction);
  goOn(deps, id);
  return showImport(deps, id);
}

function goOn(deps: Deps, id: string): void {
  deps.later(
    runImport(deps, id).catch((cause: unknown) =>
      deps.log.error("import not taken on", { import: id, cause }),
    ),
  );
}

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

/** Takes back what an import has written so far; one that has ended is told of no more, and what it made stays. */
export async function endImport(deps: Deps, id: string): Promise<ImportView | undefined> {
  const row = await importOf(deps, id);
  if (row.ended_ms !== null) {
    await deps.directory.one(forgetImportStatement(id));
    return undefined;
  }
  await deps.directory.one(cancelStatement(id, deps.now()));
  await runImport(deps, id);
  return showImport(deps, id);
}

async function workOn(deps: Deps, row: ImportRow): Promise<void> {
  if (row.attempts > IMPORT_ATTEMPTS) {
    const to = failing(row, `it could not be taken on in ${IMPORT_ATTEMPTS} attempts`);
    await deps.directory.batch([demandStep(row), advanceStatement(row, to, deps.now())]);
    return;
  }
  await doStep(deps, row);
}

/** Takes an import on, for as many steps as one run has calls of databases. One at a time works on it. */
export async function runImport(deps: Deps, id: string, callsLeft = CALLS_A_RUN): Promise<number> {
  const { directory } = deps;
  let calls = callsLeft;
  while (calls >= CALLS_A_STEP) {
    const before = deps.cost.roundTrips;
    const untilMs = deps.now() + LEASE_MS;
    const row = await directory.one(leaseStatement(id, deps.now(), untilMs));
    if (!row) return calls;
    try {
      await workOn(deps, row);
    } catch (cause) {
      if (refusalOf(cause) !== IMPORT_MOVED_ON) throw cause; // somebody has ended it meanwhile
    } finally {
      await directory.one(releaseStatement(id, untilMs));
    }
    calls -= deps.cost.roundTrips - before;
  }
  return calls;
}

/** Imports that are under way, whoever began them. */
export const importTenants: Sweep = async (deps) => {
  const nowMs = deps.now();
  await deps.directory.batch([
    endIdleStatement(nowMs - IMPORT_LIFE_MS, nowMs),
    forgetEndedStatement(nowMs - IMPORT_LIFE_MS),
  ]);
  let calls = CALLS_A_RUN;
  for (const id of await deps.directory.one(openImportsStatement))
    try {
      calls = await runImport(deps, id, calls);
    } catch (cause) {
      deps.log.error("import not taken on", { import: id, cause });
    }
};
