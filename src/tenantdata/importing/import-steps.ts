import { headOf } from "../../checkin/index.ts";
import type { OperatorActor } from "../../platform/actor.ts";
import { addAudit } from "../../platform/audit.ts";
import {
  altering,
  demandChanged,
  isUniqueViolation,
  refusalOf,
  type Database,
} from "../../platform/database.ts";
import type { Deps } from "../../platform/deps.ts";
import { addHomeStatement } from "../../platform/home-store.ts";
import { FIRST_HOME } from "../../platform/homes.ts";
import { asTenantId, DEFAULT_TENANT, type TenantId } from "../../platform/ids.ts";
import { JURISDICTIONS, placeTenant } from "../../platform/placing.ts";
import { putAllRows } from "../../platform/stored-rows.ts";
import { FILES, SECTIONS } from "../archive-format.ts";
import { ensureDefaultTenant } from "../../tenants/index.ts";
import type { PartEntry } from "../archive-part.ts";
import { databaseNamed } from "../database-named.ts";
import { foldersOf, isIn } from "../objects.ts";
import { copiedColumns, type CopiedRow } from "../rows-store.ts";
import { TENANTS, type Holding } from "../tenant-tables.ts";
import { demandUnusedStatements, emptyDefaultStatements, usedReason } from "./default-store.ts";
import { ImportFault } from "./import-fault.ts";
import {
  advanceStatement,
  claimStatement,
  demandNoTenant,
  demandStep,
  dropUnknownParentStatement,
  filledTablesStatements,
  openDoorStatement,
  TENANT_IS_HERE,
  type Advance,
  type ImportRow,
} from "./import-store.ts";
import type { Writing } from "./importing.ts";
import { check } from "./checking.ts";
import { changedArchive, cursorOf, isLate, positionOf, sectionOf, textOf } from "./read-archive.ts";
import { clear, drop } from "./take-back.ts";
import { writeFile } from "./write-files.ts";
import { writePage } from "./write-rows.ts";

/** Entries that one step takes; each costs some calls. */
const ENTRIES_A_STEP = 48;
/** What makes the tenant, with the last batch. */
const OWN: ReadonlySet<string> = new Set([TENANTS, "tenant_limits"]);

export const tenantIsHere = (tenant: string) =>
  `the tenant ${tenant} is in this installation already: remove it first`;

function requireUnused(cause: unknown): void {
  const reason = usedReason(cause);
  if (reason !== undefined) throw new ImportFault(reason, { cause });
}

/** From here on nobody else becomes this tenant. */
async function claim(deps: Deps, row: ImportRow): Promise<void> {
  const { header } = positionOf(row).found;
  if (!header) throw changedArchive();
  const tenant = asTenantId(header.tenant);
  const jurisdiction = JURISDICTIONS.find((name) => name === row.jurisdiction);
  const home = (await placeTenant(deps, jurisdiction))?.home ?? FIRST_HOME;
  try {
    await deps.directory.batch([
      demandStep(row),
      ...(tenant === DEFAULT_TENANT
        ? [...demandUnusedStatements("directory"), ...emptyDefaultStatements("directory")]
        : [demandNoTenant(tenant)]),
      advanceStatement(row, { step: "looking" }, deps.now()),
      claimStatement(row, { tenant, home }),
    ]);
  } catch (cause) {
    if (refusalOf(cause) === TENANT_IS_HERE) throw new ImportFault(tenantIsHere(tenant), { cause });
    requireUnused(cause);
    if (isUniqueViolation(cause, "tenant_imports.tenant"))
      throw new ImportFault(`another import of the tenant ${tenant} is under way`, { cause });
    throw cause;
  }
}

/** Files that are in the folders of a tenant that is not here. */
async function filesOf(deps: Deps, tenant: TenantId): Promise<string[]> {
  const found: string[] = [];
  for (const prefix of foldersOf(tenant)) {
    const { objects } = await deps.bucket.list({ prefix });
    found.push(...objects.map(({ key }) => key).filter((key) => isIn(prefix, key)));
  }
  return found;
}

/** What was there before is nobody's to write over, nor to take back. */
async function look(deps: Deps, row: ImportRow, { tenant, home }: Claimed): Promise<Advance> {
  await home.one(openDoorStatement(tenant));
  if (tenant === DEFAULT_TENANT && row.home !== FIRST_HOME)
    await home
      .batch([...demandUnusedStatements("home"), ...emptyDefaultStatements("home")])
      .catch((cause: unknown) => {
        requireUnused(cause);
        throw cause;
      });
  const looked: [Database, Holding][] =
    home === deps.directory
      ? [[home, "everything"]]
      : [
          [deps.directory, "directory"],
          [home, "home"],
        ];
  for (const [database, of] of looked) {
    const [filled] = (await database.batch(filledTablesStatements(tenant, of))).flat();
    if (filled !== undefined)
      throw new ImportFault(`${filled} has rows of a tenant ${tenant} that is not here any more`);
  }
  const position = positionOf(row);
  const [file] = position.found.header?.objects === "included" ? await filesOf(deps, tenant) : [];
  if (file !== undefined)
    throw new ImportFault(`the bucket has files of a tenant ${tenant} already, such as ${file}`);
  return { step: "writing", position: row.position };
}

export interface Claimed {
  tenant: TenantId;
  home: Database;
}

function claimedBy(deps: Deps, row: ImportRow): Claimed {
  if (row.tenant === null || row.home === null) throw new Error("the import has no tenant");
  return { tenant: row.tenant, home: databaseNamed(deps, row.home) };
}

/** Takes some entries of the archive that are wanted; answers whether all were. */
async function writeSome(
  writing: Writing,
  wanted: (entry: PartEntry) => boolean,
  isPast: (entry: PartEntry) => boolean,
): Promise<boolean> {
  const { cursor } = writing;
  const { part } = cursor.place;
  for (let entries = 0; ;) {
    const entry = await cursor.entry();
    if (!entry || isPast(entry)) return true;
    if (entries >= ENTRIES_A_STEP || cursor.place.part > part + 1) return false;
    if (!wanted(entry)) {
      cursor.next();
      continue;
    }
    entries += 1;
    if (sectionOf(entry) === FILES) await writeFile(writing, entry);
    else {
      await writePage(writing, sectionOf(entry), entry);
      cursor.next();
    }
  }
}

async function writingOf(deps: Deps, row: ImportRow, claimed: Claimed): Promise<Writing> {
  const position = positionOf(row);
  const { header } = position.found;
  if (!header) throw changedArchive();
  const columns = await copiedColumns(deps.directory, claimed.home);
  return { deps, ...claimed, header, columns, position, cursor: cursorOf(deps, row, position) };
}

const isWrittenFirst = (entry: PartEntry): boolean =>
  SECTIONS.includes(sectionOf(entry)) && !OWN.has(sectionOf(entry)) && !isLate(entry);

/** Rows but the late ones, and files. */
async function write(deps: Deps, row: ImportRow, claimed: Claimed): Promise<Advance> {
  const writing = await writingOf(deps, row, claimed);
  const isDone = await writeSome(writing, isWrittenFirst, () => false);
  const position = { ...writing.position, place: writing.cursor.place };
  if (!isDone) return { step: "writing", position: textOf(position) };
  // What devices asked meanwhile was answered without a tenant.
  await headOf(deps.heads, claimed.tenant).forget();
  const { late } = position;
  return late
    ? { step: "finishing", position: textOf({ ...position, place: late }) }
    : { step: "opening", position: textOf(position) };
}

async function finish(deps: Deps, row: ImportRow, claimed: Claimed): Promise<Advance> {
  const writing = await writingOf(deps, row, claimed);
  const isDone = await writeSome(writing, isLate, (entry) => !isLate(entry));
  const position = textOf({ ...writing.position, place: writing.cursor.place });
  return { step: isDone ? "opening" : "finishing", position };
}

const rowsOf = (table: string, rows: readonly CopiedRow[]) =>
  putAllRows(table, Object.keys(rows[0] ?? {}), rows, "IGNORE");

/** The one moment at which there is the tenant. */
async function open(deps: Deps, row: ImportRow, { tenant }: Claimed): Promise<void> {
  const { found } = positionOf(row);
  if (!found.tenant || row.home === null) throw changedArchive();
  const actor: OperatorActor = { kind: "operator", tenant };
  const object = { type: "tenant", id: tenant };
  const atMs = deps.now();
  const [own] = rowsOf(TENANTS, [found.tenant]);
  if (!own) throw changedArchive();
  await deps.directory
    .batch([
      demandStep(row),
      advanceStatement(row, { step: "closing" }, atMs),
      altering({ tenant, what: { kind: "standing" } }, own),
      demandChanged(TENANT_IS_HERE),
      ...(row.home === FIRST_HOME ? [] : [addHomeStatement(tenant, row.home, row.jurisdiction ?? undefined)]),
      ...rowsOf("tenant_limits", found.limits),
      dropUnknownParentStatement(tenant),
      addAudit(actor, { action: "import", object, change: `import ${row.import_id}` }, atMs),
    ])
    .catch((cause: unknown) => {
      if (refusalOf(cause) === TENANT_IS_HERE)
        throw new ImportFault("the token of the tenant, or its id, is another tenant's here", { cause });
      throw cause;
    });
  deps.homes.forget(tenant);
}

/** What a step comes to; nothing if it has taken the import on by itself. */
async function work(deps: Deps, row: ImportRow): Promise<Advance | undefined> {
  switch (row.step) {
    case "checking":
      return check(deps, row);
    case "claiming":
      await claim(deps, row);
      return undefined;
    case "looking":
      return look(deps, row, claimedBy(deps, row));
    case "writing":
      return write(deps, row, claimedBy(deps, row));
    case "finishing":
      return finish(deps, row, claimedBy(deps, row));
    case "opening":
      await open(deps, row, claimedBy(deps, row));
      return undefined;
    case "closing":
      await drop(deps, row);
      return { step: "done" };
    case "clearing":
      return clear(deps, row, claimedBy(deps, row), positionOf(row));
    default:
      await drop(deps, row);
      if (positionOf(row).found.header?.tenant === DEFAULT_TENANT) await ensureDefaultTenant(deps);
      return { step: row.failure === null ? "cancelled" : "failed" };
  }
}

const HAS_WRITTEN: ReadonlySet<string> = new Set(["writing", "finishing", "opening", "clearing"]);

/** Ends an import that cannot be done. */
export const failing = (row: ImportRow, failure: string): Advance => ({
  step: HAS_WRITTEN.has(row.step) ? "clearing" : "dropping",
  failure,
});

/** One step of an import. Each may be done again, and is until it is written down that it is done. */
export async function doStep(deps: Deps, row: ImportRow): Promise<void> {
  const to = await work(deps, row).catch((cause: unknown) => {
    if (cause instanceof ImportFault) return failing(row, cause.message);
    throw cause;
  });
  if (to) await deps.directory.batch([demandStep(row), advanceStatement(row, to, deps.now())]);
}
