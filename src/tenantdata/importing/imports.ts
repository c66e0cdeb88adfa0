import type { Sweep } from "../../platform/background.ts";
import { refusalOf } from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { Fault } from "../../platform/fault.ts";
import { newSortableId } from "../../platform/ids.ts";
import { INVOCATION, STORAGE } from "../../platform/limits.ts";
import { offsetOf, type Page } from "../../platform/paging.ts";
import { placeTenant, type Jurisdiction } from "../../platform/placing.ts";
import { ARCHIVE_TYPE } from "../archive-format.ts";
import { ARCHIVE_PART_BYTES, IMPORT_ATTEMPTS, IMPORT_LIFE_MS, OPEN_IMPORTS } from "../limits.ts";
import { partsOf } from "./archive-cursor.ts";
import { ImportFault } from "./import-fault.ts";
import { FIRST_POSITION } from "./import-position.ts";
import { requireImportable } from "./importable.ts";
import { doStep, failing } from "./import-steps.ts";
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
  leaseStatement,
  openImportsStatement,
  releaseStatement,
  sentPartsStatement,
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

export const noImport = () => new Fault("not_found", "there is no such import");

export async function importOf(deps: Deps, id: string): Promise<ImportRow> {
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

export function goOn(deps: Deps, id: string): void {
  deps.later(
    runImport(deps, id).catch((cause: unknown) =>
      deps.log.error("import not taken on", { import: id, cause }),
    ),
  );
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
